/// One page of a listing, as the API cuts it.
public struct CloudPage<Item: Sendable>: Sendable {
    public let items: [Item]
    public let totalCount: Int
    /// From 1.
    public let page: Int
    public let perPage: Int

    func wanted(_ isWanted: (Item) -> Bool) -> CloudPage {
        CloudPage(items: items.filter(isWanted), totalCount: totalCount, page: page, perPage: perPage)
    }

    public func map<Other>(_ transform: (Item) -> Other) -> CloudPage<Other> {
        CloudPage<Other>(items: items.map(transform), totalCount: totalCount, page: page, perPage: perPage)
    }
}

/// Which page is asked for: `page` counts from 1 (default 1), `per_page` is 1...100 (default 50).
public struct CloudPageRequest: Hashable, Sendable {
    public let number: Int
    public let size: Int

    /// Reads the query parameters.
    /// - Throws: 400 for anything that is not such a number.
    public init(page: String?, perPage: String?) throws(CloudRefusal) {
        number = try Self.number(page, "page", 1, 1...1_000_000_000, "a positive integer")
        size = try Self.number(perPage, "per_page", 50, 1...100, "an integer from 1 to 100")
    }

    private static func number(
        _ text: String?, _ name: String, _ usual: Int, _ range: ClosedRange<Int>, _ expected: String
    ) throws(CloudRefusal) -> Int {
        guard let text else { return usual }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text),
            range.contains(number)
        else { throw .invalid("\(name) must be \(expected), not \"\(text.prefix(40))\"") }
        return number
    }

    var start: Int { (number - 1) * size }

    /// Cuts the page out of a whole listing.
    public func cut<Item>(_ all: [Item]) -> CloudPage<Item> {
        let first = min(start, all.count)
        let items = Array(all[first..<min(first + size, all.count)])
        return CloudPage(items: items, totalCount: all.count, page: number, perPage: size)
    }
}
