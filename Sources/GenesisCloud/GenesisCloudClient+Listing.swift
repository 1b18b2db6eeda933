extension GenesisCloudClient {
    /// Reads all pages. The result is complete as far as the API lets one know, or an error is thrown.
    ///
    /// An item removed by someone else while pages are read shifts its successors to a page already read, so that one
    /// of them would be missed; a listing in which the totals do not agree is therefore read again.
    func list<Item: Decodable & Identifiable & Sendable>(
        _ path: String, key: String
    ) async throws -> [Item] where Item.ID == String {
        let readings = 5
        for _ in 0..<readings {
            if let items: [Item] = try await readOnce(path, key: key) { return items }
        }
        throw unreadable(
            Call(method: .get, path: path),
            "\(readings) readings of the listing each disagreed with its own total; it may be changing, try again")
    }

    /// - Returns: `nil` when the pages do not fit each other.
    private func readOnce<Item: Decodable & Identifiable & Sendable>(
        _ path: String, key: String
    ) async throws -> [Item]? where Item.ID == String {
        let asked = min(max(1, configuration.pageSize), 100)
        var items: [Item] = []
        var seen: Set<String> = []
        var total: Int?
        for number in 1...max(1, configuration.maximumPages) {
            let call = Call(method: .get, path: path, query: "?page=\(number)&per_page=\(asked)")
            let page = try decode(Page<Item>.self, key: key, from: try await transport.send(call), of: call)
            let found = page.items
            if number > 1, page.total != total { return nil }
            total = page.total
            let fresh = found.filter { seen.insert($0.id).inserted }
            // The same item twice: the pages shifted, or the page number is ignored.
            guard fresh.count == found.count else { return nil }
            items += fresh
            if let total {
                if items.count == total { return items }
                if found.isEmpty || items.count > total { return nil }
            } else if found.count < min(asked, page.size ?? asked) || found.isEmpty {
                return items
            }
        }
        throw unreadable(
            Call(method: .get, path: path), "the listing does not end after \(configuration.maximumPages) pages")
    }
}

/// One page: `{"<key>": […], "total_count": 1, "page": 1, "per_page": 50}`. Every item must be readable: a listing
/// that silently lacked one would prove an absence that is none.
struct Page<Item: Decodable>: Decodable {
    let items: [Item]
    let total: Int?
    let size: Int?

    static var keyInfo: CodingUserInfoKey? { CodingUserInfoKey(rawValue: "page.key") }

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        total = fields.integer("total_count").flatMap { $0 >= 0 ? $0 : nil }
        size = fields.integer("per_page").flatMap { $0 > 0 ? $0 : nil }
        let key = Self.keyInfo.flatMap { decoder.userInfo[$0] as? String } ?? "items"
        items = try decoder.container(keyedBy: AnyKey.self).decode([Item].self, forKey: AnyKey(key))
    }
}
