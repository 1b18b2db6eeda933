import MayflyCore
import Synchronization

/// One keeper process as its ports see it: everything passes until the moment at which it dies, and then nothing does.
///
/// Its moments have names: a port, what it does, and whether the effect is still to come (`<`) or done and not yet
/// known (`>`). So a crash is exactly there, whatever else happens in which order.
final class Life: Sendable {
    /// What every port of a dead process answers. No effect passes, and cancelling its tasks afterwards can do nothing.
    struct Died: Error {}

    private struct State {
        var isDead = false
        var death: String?
        var moments: [String] = []
        var waiter: AsyncStream<Void>.Continuation?
    }

    private let state: Mutex<State>
    private let end: AsyncStream<Void>

    /// - Parameter death: the moment it dies at; one that never comes lets it live.
    init(until death: String? = nil) {
        let (end, waiter) = AsyncStream.makeStream(of: Void.self)
        self.end = end
        state = Mutex(State(death: death, waiter: waiter))
    }

    /// Every moment it lived through, each once, in the order in which it first came.
    var moments: [String] { state.withLock { $0.moments } }
    var isDead: Bool { state.withLock { $0.isDead } }

    func die() {
        let waiter = state.withLock { state in
            state.isDead = true
            return state.waiter
        }
        waiter?.finish()
    }

    /// - Throws: ``Died``, also at the moment of death itself.
    func pass(_ moment: String) throws {
        let isOver = state.withLock { state in
            guard !state.isDead else { return true }
            if !state.moments.contains(moment) { state.moments.append(moment) }
            return state.death == moment
        }
        guard isOver else { return }
        die()
        throw Died()
    }

    /// An effect with its two moments.
    func around<Result>(_ name: String, _ effect: () async throws -> Result) async throws -> Result {
        try pass("< \(name)")
        let result = try await effect()
        try pass("> \(name)")
        return result
    }

    /// Returns at its death, or when the waiting task is cancelled.
    func ended() async { for await _ in end {} }
}
