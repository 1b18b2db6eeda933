import MayflyCore
import Synchronization

/// The clocks of all attempts of one keeper. What waits is an entry in a list, not a task: of those that wait together only
/// the next one is slept for.
final class Timers: Sendable {
    /// Something that happens once, at its time or never.
    struct Alarm: Hashable, Comparable, Sendable {
        fileprivate let due: BootInstant
        fileprivate let number: Int

        static func < (lhs: Alarm, rhs: Alarm) -> Bool {
            lhs.due != rhs.due ? lhs.due < rhs.due : lhs.number < rhs.number
        }
    }

    private let queue = Mutex(TimerQueue())
    private let time: any Timekeeper
    private let changes: AsyncStream<Void>
    private let changeContinuation: AsyncStream<Void>.Continuation

    init(_ time: any Timekeeper) {
        self.time = time
        (changes, changeContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func after(_ wait: Duration, _ action: @escaping @Sendable () -> Void) -> Alarm {
        let due = time.now().boot.advanced(by: wait)
        let (alarm, isNext) = queue.withLock { ($0.add(due, action), $0.unguarded != nil) }
        if isNext { changeContinuation.yield() }
        return alarm
    }

    func cancel(_ alarm: Alarm) { queue.withLock { $0.remove(alarm) } }

    /// Lets them ring, for as long as its task lives.
    /// - Throws: `CancellationError`.
    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for await _ in changes {
                guard let due = queue.withLock({ $0.claimed() }) else { continue }
                group.addTask { [self] in try await sleep(until: due) }
            }
            try Task.checkCancellation()
        }
    }

    /// One that is no longer needed, because another sleeps for something earlier, ends when it wakes.
    private func sleep(until first: BootInstant) async throws {
        var next: BootInstant? = first
        while let due = next {
            let rest = time.now().boot.duration(to: due)
            if rest > .zero { try await time.sleep(for: rest) }
            let now = time.now().boot
            let (ringing, after) = queue.withLock { queue in
                queue.wakes(from: due)
                return (queue.due(at: now), queue.claimed())
            }
            for action in ringing { action() }
            next = after
        }
    }
}

/// The alarms in the order of their times.
private struct TimerQueue {
    /// A heap, in which those that were cancelled stay for a while.
    private var heap = LeastFirst<Timers.Alarm>()
    private var actions: [Timers.Alarm: @Sendable () -> Void] = [:]
    private var made = 0
    /// Until when somebody sleeps, for each who does.
    private var sleepers: [BootInstant] = []

    /// The next moment that nobody sleeps for.
    var unguarded: BootInstant? {
        guard let next = heap.first?.due, !sleepers.contains(where: { $0 <= next }) else { return nil }
        return next
    }

    /// The same, which the caller sleeps for from now on.
    mutating func claimed() -> BootInstant? {
        guard let due = unguarded else { return nil }
        sleepers.append(due)
        return due
    }

    mutating func wakes(from due: BootInstant) {
        if let place = sleepers.firstIndex(of: due) { sleepers.remove(at: place) }
    }

    mutating func add(_ due: BootInstant, _ action: @escaping @Sendable () -> Void) -> Timers.Alarm {
        made += 1
        let alarm = Timers.Alarm(due: due, number: made)
        actions[alarm] = action
        heap.insert(alarm)
        return alarm
    }

    mutating func remove(_ alarm: Timers.Alarm) {
        guard actions.removeValue(forKey: alarm) != nil, heap.count > 2 * actions.count + 64 else { return }
        heap = LeastFirst(sorted: actions.keys.sorted())
    }

    /// Takes out what is due, in the order in which it is.
    mutating func due(at now: BootInstant) -> [@Sendable () -> Void] {
        var ringing: [@Sendable () -> Void] = []
        while let first = heap.first {
            if let action = actions[first] {
                guard first.due <= now else { break }
                actions[first] = nil
                ringing.append(action)
            }
            heap.removeFirst()
        }
        return ringing
    }
}
