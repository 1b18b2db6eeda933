import Synchronization

/// Counts open connections and remembers when the last one ended, for the idle end.
final class Activity: Sendable {
    private let connections = Mutex(0)

    func began() { connections.withLock { $0 += 1 } }
    func ended() { connections.withLock { $0 -= 1 } }

    var isQuiet: Bool { connections.withLock { $0 == 0 } }
}
