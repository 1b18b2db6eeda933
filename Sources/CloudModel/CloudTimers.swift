/// When something of the model is due next: a binary heap. An entry may be out of date; whoever takes it looks again.
struct CloudTimers: Sendable {
    enum Kind: UInt8, Sendable { case instance, ghost, snapshot, volume, filesystem, securityGroup, floatingIP }

    struct Entry: Sendable {
        let due: Int64
        let kind: Kind
        let id: String
    }

    private var heap: [Entry] = []

    /// `nil` when nothing is due by time alone.
    var next: Int64? { heap.first?.due }

    mutating func add(_ kind: Kind, _ id: String, at due: Int64) {
        guard due != .max else { return }
        heap.append(Entry(due: due, kind: kind, id: id))
        var child = heap.count - 1
        while child > 0, heap[child].due < heap[(child - 1) / 2].due {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes one entry that is due.
    mutating func take(until now: Int64) -> Entry? {
        guard let first = heap.first, first.due <= now else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].due < heap[smallest].due { smallest = child }
            }
            guard smallest != parent else { return first }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
