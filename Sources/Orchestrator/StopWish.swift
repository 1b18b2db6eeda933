import MayflyCore
import Synchronization

/// Remembers that a stop was asked for, however long what is to be stopped is only being tried.
final class StopWish: Sendable {
    private struct State {
        var madeAt: BootInstant?
        /// The connection over which the command is followed just now.
        var follower: (any RemoteHost)?
    }

    private let state = Mutex(State())

    var isMade: Bool { madeAt != nil }

    /// When it was made, or when this keeper took over an attempt in which it had been.
    var madeAt: BootInstant? { state.withLock { $0.madeAt } }

    /// Idempotent.
    /// - Returns: the connection over which the command is to be told; `nil` where whoever opens the next one tells it.
    func make(at now: BootInstant) -> (any RemoteHost)? {
        state.withLock { state in
            guard state.madeAt == nil else { return nil }
            state.madeAt = now
            return state.follower
        }
    }

    /// The command is followed over this connection until ``isFollowedNoMore()``.
    /// - Returns: whether the wish was made before, so that nobody else tells the command.
    func isFollowed(over host: any RemoteHost) -> Bool {
        state.withLock { state in
            state.follower = host
            return state.madeAt != nil
        }
    }

    var hasFollower: Bool { state.withLock { $0.follower != nil } }

    func isFollowedNoMore() { state.withLock { $0.follower = nil } }
}
