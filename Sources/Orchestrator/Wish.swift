import MayflyCore
import Synchronization

/// Made once, and awaited by any number of waiters, each of whom may be cancelled without harm to the others.
final class Wish: Sendable {
    private struct State {
        var isMade = false
        var nextID = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Cancelled before they began to wait.
        var gone: Set<Int> = []
    }

    private let state = Mutex(State())

    var isMade: Bool { state.withLock { $0.isMade } }

    func make() {
        let waiters = state.withLock { state in
            state.isMade = true
            defer { state.waiters = [:] }
            return state.waiters.sorted { $0.key < $1.key }.map(\.value)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns once the wish is made, or the task is cancelled.
    func made() async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let returnsNow = state.withLock { state in
                    if state.isMade || state.gone.remove(id) != nil { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if returnsNow { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiters.removeValue(forKey: id)
                if waiter == nil, !state.isMade { state.gone.insert(id) }
                return waiter
            }
            waiter?.resume()
        }
    }

    /// Sleeps, but no longer than until the wish is made.
    /// - Throws: `CancellationError` when the task is cancelled first.
    func sleep(for duration: Duration, _ time: any Timekeeper) async throws {
        guard !isMade else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await time.sleep(for: duration) }
            group.addTask { [self] in await made() }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }
}
