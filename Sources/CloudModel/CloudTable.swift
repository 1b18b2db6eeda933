/// What the model keeps by id.
public protocol CloudResource: Codable, Sendable {
    var id: String { get }
}

/// Resources in the order of their creation, found by id without a search.
///
/// While ``isTracking``, it remembers what every touched resource was before, so that a change can be written down by
/// itself, or undone.
public struct CloudTable<Item: CloudResource>: Sendable {
    /// Each in a box of its own: who looks for some among many copies only these.
    private var slots: [Slot?] = []
    private var places: [String: Int] = [:]
    /// The places that are no holes, ascending: a page costs what is on it, however many there are.
    private var filled: [Int] = []
    private var before: [String: Before] = [:]
    private var touched: [String] = []
    /// Off unless somebody confirms the changes: they would pile up.
    public var isTracking = false

    private final class Slot: Sendable {
        let item: Item

        init(_ item: Item) { self.item = item }
    }

    private struct Before: Sendable {
        let place: Int
        let slot: Slot?
    }

    public init() {}

    public var count: Int { places.count }
    public var isEmpty: Bool { places.isEmpty }

    /// In the order of their creation.
    public var items: [Item] { filled.compactMap { slots[$0]?.item } }

    public func contains(_ id: String) -> Bool { places[id] != nil }

    /// Setting `nil` removes; setting a new id appends.
    public subscript(id: String) -> Item? {
        get { places[id].flatMap { slots[$0]?.item } }
        set {
            let place = places[id]
            guard place != nil || newValue != nil else { return }
            note(id, place)
            if let place {
                slots[place] = newValue.map(Slot.init)
                if newValue == nil { empty(place, of: id) }
            } else {
                places[id] = slots.count
                filled.append(slots.count)
                slots.append(newValue.map(Slot.init))
            }
            if !isTracking { compact() }
        }
    }

    private mutating func note(_ id: String, _ place: Int?) {
        guard isTracking, before[id] == nil else { return }
        before[id] = Before(place: place ?? slots.count, slot: place.flatMap { slots[$0] })
        touched.append(id)
    }

    private mutating func empty(_ place: Int, of id: String) {
        slots[place] = nil
        places[id] = nil
        let rank = rank(of: place)
        if rank < filled.count, filled[rank] == place { filled.remove(at: rank) }
    }

    /// How many places before this one are filled.
    private func rank(of place: Int) -> Int {
        var (low, high) = (0, filled.count)
        while low < high {
            let middle = (low + high) / 2
            if filled[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// One page, and how many there are. `included` is asked of every item; without it nothing is searched.
    func page(_ request: CloudPageRequest, where included: ((Item) -> Bool)? = nil) -> CloudPage<Item> {
        if let included { return request.cut(filter(included)) }
        return page(request) { _ in true }
    }

    /// Of one page those that are wanted, and how many there are on all pages, wanted or not.
    func page(_ request: CloudPageRequest, wanting isWanted: (Item) -> Bool) -> CloudPage<Item> {
        let start = Swift.min(request.start, filled.count)
        var items: [Item] = []
        for place in filled[start..<Swift.min(start + request.size, filled.count)] {
            if let slot = slots[place], isWanted(slot.item) { items.append(slot.item) }
        }
        return CloudPage(items: items, totalCount: count, page: request.number, perPage: request.size)
    }

    /// What has changed since the last ``confirm()``, in the order of the first touch.
    public var changes: [CloudChange<Item>] { touched.map { CloudChange(id: $0, item: self[$0]) } }

    /// The changes are written down: they count.
    public mutating func confirm() {
        touched.removeAll(keepingCapacity: true)
        before.removeAll(keepingCapacity: true)
        compact()
    }

    /// Undoes what has changed since the last ``confirm()``.
    public mutating func rollBack() {
        for id in touched.reversed() {
            guard let old = before[id] else { continue }
            if let slot = old.slot {
                if slots[old.place] == nil { filled.insert(old.place, at: rank(of: old.place)) }
                slots[old.place] = slot
                places[id] = old.place
            } else if let place = places[id] {
                empty(place, of: id)
            }
        }
        touched.removeAll()
        before.removeAll()
        compact()
    }

    public mutating func apply(_ changes: [CloudChange<Item>]) {
        for change in changes { self[change.id] = change.item }
    }

    /// Drops the holes of removed items once they outnumber the rest.
    private mutating func compact() {
        guard slots.count - places.count > Swift.max(32, places.count), before.isEmpty else { return }
        slots.removeAll { $0 == nil }
        filled = Array(slots.indices)
        places.removeAll(keepingCapacity: true)
        for (place, slot) in slots.enumerated() { if let slot { places[slot.item.id] = place } }
    }
}

/// A resource as it is now; `nil` when it is gone.
public struct CloudChange<Item: CloudResource>: Codable, Sendable {
    public let id: String
    public let item: Item?

    public init(id: String, item: Item?) {
        self.id = id
        self.item = item
    }
}

extension CloudTable: Sequence {
    public func makeIterator() -> AnyIterator<Item> {
        var rest = slots.makeIterator()
        return AnyIterator {
            while let slot = rest.next() { if let slot { return slot.item } }
            return nil
        }
    }
}

extension CloudTable: Codable {
    public init(from decoder: any Decoder) throws {
        for item in try [Item](from: decoder) { self[item.id] = item }
    }

    public func encode(to encoder: any Encoder) throws { try Array(self).encode(to: encoder) }
}
