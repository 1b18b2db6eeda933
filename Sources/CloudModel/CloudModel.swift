/// Every rule and transition of the compute API as a value: no clock, no ids, no machines of its own.
///
/// A request changes the model at once, or is refused. What takes time is a transient status that ends when its delay
/// has passed *and* the backend has said `settle` (booted, stopped, removed, copied); ``advance(to:)`` ends it.
public struct CloudModel: Codable, Hashable, Sendable {
    /// How long each transient status lasts at least, in milliseconds.
    public struct Delays: Codable, Hashable, Sendable {
        public var create: Int64
        public var start: Int64
        public var stop: Int64
        public var delete: Int64
        public var snapshot: Int64

        public init(
            create: Int64 = 0, start: Int64 = 0, stop: Int64 = 0, delete: Int64 = 0, snapshot: Int64 = 0
        ) {
            self.create = create
            self.start = start
            self.stop = stop
            self.delete = delete
            self.snapshot = snapshot
        }
    }

    public var delays: Delays
    /// Newest last. Listings show it in this order.
    public internal(set) var instances: [CloudInstance] = []
    public internal(set) var snapshots: [CloudSnapshot] = []
    public internal(set) var sshKeys: [CloudSSHKey] = []

    public init(delays: Delays = Delays()) { self.delays = delays }

    /// The security groups every account has.
    public static let securityGroups = [
        CloudReference(id: "00000000-0000-4000-8000-000000000101", name: "standard"),
        CloudReference(id: "00000000-0000-4000-8000-000000000102", name: "default"),
    ]

    /// - Throws: 404.
    public func instance(_ id: String) throws(CloudRefusal) -> CloudInstance {
        guard let found = instances.first(where: { $0.id == id }) else {
            throw .notFound("Instance", id)
        }
        return found
    }

    /// - Throws: 404.
    public func snapshot(_ id: String) throws(CloudRefusal) -> CloudSnapshot {
        guard let found = snapshots.first(where: { $0.id == id }) else {
            throw .notFound("Snapshot", id)
        }
        return found
    }

    /// - Throws: 404.
    public func sshKey(_ id: String) throws(CloudRefusal) -> CloudSSHKey {
        guard let found = sshKeys.first(where: { $0.id == id }) else { throw .notFound("SSH key", id) }
        return found
    }

    /// Cuts one page. `page` counts from 1 (default 1), `per_page` is 1...100 (default 50).
    /// - Throws: 400 for anything else.
    public static func page<Item>(
        of all: [Item], page: String?, perPage: String?
    ) throws(CloudRefusal) -> CloudPage<Item> {
        let number = page.map { Int($0) ?? 0 } ?? 1
        let size = perPage.map { Int($0) ?? 0 } ?? 50
        guard number >= 1, number <= 1_000_000_000 else {
            throw .invalid("page must be a positive integer")
        }
        guard (1...100).contains(size) else {
            throw .invalid("per_page must be an integer from 1 to 100")
        }
        let start = min((number - 1) * size, all.count)
        let items = Array(all[start..<min(start + size, all.count)])
        return CloudPage(items: items, totalCount: all.count, page: number, perPage: size)
    }

    func index(ofInstance id: String) throws(CloudRefusal) -> Int {
        guard let index = instances.firstIndex(where: { $0.id == id }) else {
            throw .notFound("Instance", id)
        }
        return index
    }
}
