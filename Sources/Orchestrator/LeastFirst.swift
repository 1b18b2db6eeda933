/// A binary heap: whatever is put in, the least comes out first. For lists of what is due, here and in virtual time.
package struct LeastFirst<Entry: Comparable> {
    @usableFromInline var entries: [Entry] = []

    @inlinable package init() {}

    /// - Parameter sorted: in order, and so a heap already.
    @inlinable package init(sorted: [Entry]) { entries = sorted }

    @inlinable package var count: Int { entries.count }
    @inlinable package var first: Entry? { entries.first }

    @inlinable package mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0, case let parent = (child - 1) / 2, entries[child] < entries[parent] {
            entries.swapAt(child, parent)
            child = parent
        }
    }

    /// There must be one.
    @inlinable package mutating func removeFirst() {
        let last = entries.removeLast()
        guard !entries.isEmpty else { return }
        entries[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < entries.count else { return }
            if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
            guard entries[child] < entries[parent] else { return }
            entries.swapAt(child, parent)
            parent = child
        }
    }
}
