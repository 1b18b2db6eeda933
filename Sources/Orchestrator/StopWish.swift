import MayflyCore
import Synchronization

/// Remembers that a stop was asked for while something is tried again and again.
final class StopWish: Sendable {
    private let control: EffectControl
    private let time: any Timekeeper
    private let state: Mutex<State>

    private struct State {
        var madeAt: BootInstant?
        var waiters: [Int: AsyncStream<Never>.Continuation] = [:]
        var waited = 0
    }

    init(_ control: EffectControl, _ time: any Timekeeper, alreadyMade: Bool = false) {
        self.control = control
        self.time = time
        state = Mutex(State(madeAt: alreadyMade ? time.now().boot : nil))
    }

    var isMade: Bool { madeAt != nil }

    /// When it was made, or when this keeper took over an attempt in which it had been.
    var madeAt: BootInstant? { state.withLock { $0.madeAt } }

    /// Returns once the wish is made.
    /// - Throws: `CancellationError`.
    func made() async throws {
        // A stream of its own for each who waits: one whose reader is cancelled ends for every other reader too.
        let (wishes, continuation) = AsyncStream.makeStream(of: Never.self)
        let number = state.withLock { state -> Int? in
            guard state.madeAt == nil else { return nil }
            state.waited += 1
            state.waiters[state.waited] = continuation
            return state.waited
        }
        guard let number else { return }
        for await _ in wishes {}
        state.withLock { $0.waiters[number] = nil }
        try Task.checkCancellation()
    }

    func watching<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask { [self] in
                for await _ in control.stops {
                    let now = time.now().boot
                    let waiters = state.withLock { state in
                        state.madeAt = state.madeAt ?? now
                        return state.waiters.sorted { $0.key < $1.key }.map(\.value)
                    }
                    for waiter in waiters { waiter.finish() }
                }
                return nil
            }
            defer { group.cancelAll() }
            while let next = try await group.next() {
                if let result = next { return result }
            }
            throw CancellationError()
        }
    }
}
