/// All items of one kind, read page by page while they are asked for.
///
/// ```swift
/// for try await instance in client.instances() { print(instance.name) }
/// ```
///
/// Every item that exists from the first request to the last is given exactly once, also when others appear or vanish
/// meanwhile; those may or may not be given. The order is the API's, as far as it stays the same.
/// It throws ``GenesisCloudError`` rather than end early.
public struct Listing<Item: Identifiable & Decodable & Sendable>: AsyncSequence, Sendable where Item.ID: Sendable {
    public typealias Element = Item
    public typealias Failure = any Error

    let client: GenesisCloudClient
    let operation: APIOperation
    let id: String?
    /// Further query items, each beginning with `&`.
    let filter: String
    /// Under which name the pages hold their items.
    let key: String

    init(
        _ client: GenesisCloudClient, _ operation: APIOperation, key: String, id: String? = nil, filter: String = ""
    ) {
        self.client = client
        self.operation = operation
        self.key = key
        self.id = id
        self.filter = filter
    }

    /// The items in groups as they arrive, of at most 100.
    public var pages: Pages { Pages(listing: self) }

    /// All of them: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func all() async throws -> [Item] {
        var items: [Item] = []
        for try await page in pages { items += page }
        return items
    }

    public func makeAsyncIterator() -> Iterator { Iterator(pages: pages.makeAsyncIterator()) }

    public struct Iterator: AsyncIteratorProtocol {
        var pages: Pages.Iterator
        var buffered: [Item] = []
        var position = 0

        init(pages: Pages.Iterator) { self.pages = pages }

        public mutating func next() async throws -> Item? {
            while position == buffered.count {
                guard let page = try await pages.next() else { return nil }
                buffered = page
                position = 0
            }
            position += 1
            return buffered[position - 1]
        }
    }

    public struct Pages: AsyncSequence, Sendable {
        public typealias Element = [Item]
        public typealias Failure = any Error

        let listing: Listing

        public func makeAsyncIterator() -> Iterator { Iterator(listing: listing) }

        public struct Iterator: AsyncIteratorProtocol {
            let listing: Listing
            var walk: PageWalk<Item.ID>
            var requests = 0
            var isDone = false

            init(listing: Listing) {
                self.listing = listing
                walk = PageWalk(pageSize: listing.client.configuration.pageSize)
            }

            public mutating func next() async throws -> [Item]? {
                while !isDone {
                    let (page, call) = try await listing.read(walk.ask)
                    requests += 1
                    switch walk.take(page.items.map(\.id), total: page.total, size: page.size) {
                    case .items(let fresh):
                        guard requests < listing.client.configuration.maximumPages else {
                            throw listing.client.unreadable(
                                call, "the listing does not end after \(requests) pages")
                        }
                        if !fresh.isEmpty { return fresh.map { page.items[$0] } }
                    case .last(let fresh):
                        isDone = true
                        if !fresh.isEmpty { return fresh.map { page.items[$0] } }
                    case .contradictory:
                        throw listing.client.unreadable(
                            call, "its pages contradict each other or their own total again and again")
                    }
                }
                return nil
            }
        }
    }

    /// One page, without any guarantee about its neighbours.
    func read(_ ask: PageWalk<Item.ID>.Ask) async throws -> (Page<Item>, Call) {
        let call = try Call(operation, id, query: "?page=\(ask.page)&per_page=\(ask.size)\(filter)")
        let body = try await client.transport.send(call)
        return (try client.decode(Page<Item>.self, key: key, from: body, of: call), call)
    }
}

/// One page: `{"<key>": […], "total_count": 1, "page": 1, "per_page": 50}`. Every item must be readable: a listing
/// that silently lacked one would prove an absence that is none.
struct Page<Item: Decodable>: Decodable {
    let items: [Item]
    let total: Int?
    let size: Int?

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        total = fields.integer("total_count").flatMap { $0 >= 0 ? $0 : nil }
        size = fields.integer("per_page").flatMap { $0 > 0 ? $0 : nil }
        let key = CodingUserInfoKey.contentKey.flatMap { decoder.userInfo[$0] as? String } ?? "items"
        items = try decoder.container(keyedBy: AnyKey.self).decode([Item].self, forKey: AnyKey(key))
    }
}
