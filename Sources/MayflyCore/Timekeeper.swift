/// One reading of both clocks.
public struct Moment: Codable, Hashable, Sendable {
    public var wall: WallTime
    public var boot: BootInstant

    public init(wall: WallTime, boot: BootInstant) {
        self.wall = wall
        self.boot = boot
    }
}

/// Time as the orchestrator sees it: wall time for people, boot time for clocks, and sleep.
public protocol Timekeeper: Sendable {
    func now() -> Moment
    /// - Throws: `CancellationError` when the task is cancelled first.
    func sleep(for duration: Duration) async throws
    /// Identifies the host's current boot; instants of another boot do not compare.
    var bootID: String { get }
}

/// A source of unpredictable bytes for nonces.
public protocol Entropy: Sendable {
    func bytes(_ count: Int) -> [UInt8]
}
