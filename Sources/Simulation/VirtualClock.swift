/// Time that passes only when nobody has anything left to do.
final class VirtualClock: @unchecked Sendable {
    /// Something that happens once: at its time, when it is rung earlier, or never.
    final class Alarm: @unchecked Sendable {
        fileprivate var action: (() -> Void)?
        fileprivate var sleeper: UnsafeContinuation<Void, any Error>?
        fileprivate var isCancelled = false

        fileprivate var isPending: Bool { action != nil || sleeper != nil }

        func ring() {
            if let sleeper {
                self.sleeper = nil
                sleeper.resume()
            } else if let action {
                self.action = nil
                action()
            }
        }

        fileprivate func cancel() {
            isCancelled = true
            if let sleeper {
                self.sleeper = nil
                sleeper.resume(throwing: CancellationError())
            }
        }
    }

    private struct Entry {
        let due: Int64
        let number: Int
        let alarm: Alarm

        func isBefore(_ other: Entry) -> Bool { due != other.due ? due < other.due : number < other.number }
    }

    /// Microseconds since the simulation began.
    private(set) var now: Int64 = 0
    private var heap: [Entry] = []
    private var entries = 0

    static func microseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
    }

    func after(_ duration: Duration, _ action: @escaping () -> Void) {
        let alarm = Alarm()
        alarm.action = action
        add(alarm, at: now + max(0, Self.microseconds(duration)))
    }

    /// - Parameter register: hands the alarm to those who may ring it earlier.
    /// - Throws: `CancellationError`.
    func sleep(until due: Int64?, register: ((Alarm) -> Void)? = nil) async throws {
        let alarm = Alarm()
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
                guard !alarm.isCancelled else { return continuation.resume(throwing: CancellationError()) }
                alarm.sleeper = continuation
                register?(alarm)
                if let due { add(alarm, at: max(now, due)) }
            }
        } onCancel: {
            alarm.cancel()
        }
    }

    /// Goes to the next moment at which something happens, and lets all of it happen.
    /// - Returns: `false` when nothing ever will.
    func advance() -> Bool {
        while let first = heap.first, !first.alarm.isPending { removeFirst() }
        guard let due = heap.first?.due else { return false }
        now = due
        while let first = heap.first, first.due == due {
            removeFirst()
            first.alarm.ring()
        }
        return true
    }

    /// Nothing will ever happen again.
    func clear() { heap = [] }

    private func add(_ alarm: Alarm, at due: Int64) {
        entries += 1
        heap.append(Entry(due: due, number: entries, alarm: alarm))
        var child = heap.count - 1
        while child > 0, case let parent = (child - 1) / 2, heap[child].isBefore(heap[parent]) {
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
