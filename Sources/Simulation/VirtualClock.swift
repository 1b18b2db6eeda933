import Orchestrator

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

    private struct Entry: Comparable {
        let due: Int64
        let number: Int
        let alarm: Alarm

        static func == (lhs: Entry, rhs: Entry) -> Bool { lhs.number == rhs.number }

        static func < (lhs: Entry, rhs: Entry) -> Bool {
            lhs.due != rhs.due ? lhs.due < rhs.due : lhs.number < rhs.number
        }
    }

    /// Microseconds since the simulation began.
    private(set) var now: Int64 = 0
    private var heap = LeastFirst<Entry>()
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
        while let first = heap.first, !first.alarm.isPending { heap.removeFirst() }
        guard let due = heap.first?.due else { return false }
        now = due
        while let first = heap.first, first.due == due {
            heap.removeFirst()
            first.alarm.ring()
        }
        return true
    }

    /// Nothing will ever happen again.
    func clear() { heap = LeastFirst() }

    private func add(_ alarm: Alarm, at due: Int64) {
        entries += 1
        heap.insert(Entry(due: due, number: entries, alarm: alarm))
    }
}
