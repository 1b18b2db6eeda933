internal import Synchronization

/// One token bucket for all callers of a client.
///
/// It has no task of its own: one of those who wait, the dealer, sleeps until the next token is due and deals out turns;
/// when it gets its own, or is cancelled, it hands that duty to another.
final class RateLimiter: Sendable {
    private typealias Ticket = TurnQueue.Ticket
    private enum Wake { case turn, duty, cancelled }

    private struct State {
        var bucket: TokenBucket
        var queue = TurnQueue()
        var sleepers: [Ticket: CheckedContinuation<Wake, Never>] = [:]
        /// What was said to those who had not lain down yet.
        var early: [Ticket: Wake] = [:]
        var dealer: Ticket?
        var lastTicket: Ticket = 0

        /// - Returns: what to do once the lock is released.
        mutating func wake(_ ticket: Ticket, _ wake: Wake) -> Resumption? {
            guard let continuation = sleepers.removeValue(forKey: ticket) else {
                early[ticket] = wake
                return nil
            }
            return Resumption(continuation: continuation, wake: wake)
        }

        mutating func passDuty() -> Resumption? {
            dealer = queue.anyone
            return dealer.flatMap { wake($0, .duty) }
        }
    }

    private struct Resumption {
        let continuation: CheckedContinuation<Wake, Never>
        let wake: Wake

        func perform() { continuation.resume(returning: wake) }
    }

    private let state: Mutex<State>
    private let time: any TimeSource

    init(perSecond: Double, burst: Int, time: any TimeSource) {
        self.time = time
        state = Mutex(State(bucket: TokenBucket(perSecond: perSecond, burst: burst, now: time.now())))
    }

    /// Requests per second at present.
    var rate: Double { state.withLock { $0.bucket.rate } }
    /// The requests that wait for their turn.
    var waiting: Int { state.withLock { $0.queue.count } }

    /// The server refused a request for its rate.
    func refused(retryAfter: Duration?) {
        let now = time.now()
        state.withLock { $0.bucket.penalize(now: now, retryAfter: retryAfter) }
    }

    /// A turn at once, if nobody waits and the bucket is not empty.
    func turnNow() -> Bool {
        let now = time.now()
        return state.withLock { $0.queue.isEmpty && $0.bucket.take(now: now) }
    }

    /// Returns when it is the caller's turn to send one request.
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func turn(_ priority: RequestPriority) async throws {
        try Task.checkCancellation()
        let now = time.now()
        let (ticket, isDealer): (Ticket?, Bool) = state.withLock { state in
            if state.queue.isEmpty, state.bucket.take(now: now) { return (nil, false) }
            state.lastTicket += 1
            state.queue.append(state.lastTicket, priority)
            guard state.dealer == nil else { return (state.lastTicket, false) }
            state.dealer = state.lastTicket
            return (state.lastTicket, true)
        }
        guard let ticket else { return }
        if isDealer { return try await deal(ticket) }
        switch await sleep(ticket) {
        case .turn: return
        case .duty: try await deal(ticket)
        case .cancelled: throw CancellationError()
        }
    }

    private func sleep(_ ticket: Ticket) async -> Wake {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early: Wake? = state.withLock { state in
                    if let wake = state.early.removeValue(forKey: ticket) { return wake }
                    state.sleepers[ticket] = continuation
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            let resumption: Resumption? = state.withLock { state in
                // The dealer finds out by itself, and who has its turn already keeps it.
                guard state.dealer != ticket, state.queue.remove(ticket) else { return nil }
                return state.wake(ticket, .cancelled)
            }
            resumption?.perform()
        }
    }

    /// Deals out turns until the dealer has its own.
    private func deal(_ own: Ticket) async throws {
        while let pause = dealOnce(own) {
            do {
                try await time.sleep(for: pause)
            } catch {
                let resumption: Resumption? = state.withLock { state in
                    state.queue.remove(own)
                    return state.passDuty()
                }
                resumption?.perform()
                throw error
            }
        }
    }

    /// - Returns: when to deal again, or `nil` when the dealer has its own turn and the duty is another's.
    private func dealOnce(_ own: Ticket) -> Duration? {
        let now = time.now()
        let (resumptions, pause): ([Resumption], Duration?) = state.withLock { state in
            var resumptions: [Resumption?] = []
            var hasOwn = false
            while !state.queue.isEmpty, state.bucket.take(now: now), let ticket = state.queue.next() {
                if ticket == own { hasOwn = true } else { resumptions.append(state.wake(ticket, .turn)) }
            }
            if hasOwn { resumptions.append(state.passDuty()) }
            return (resumptions.compactMap { $0 }, hasOwn ? nil : state.bucket.wait(now: now))
        }
        for resumption in resumptions { resumption.perform() }
        return pause.map { max($0, .milliseconds(1)) }
    }
}
