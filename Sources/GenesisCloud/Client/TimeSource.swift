/// Monotonic time and sleep, so that waiting can be tested without waiting.
public protocol TimeSource: Sendable {
    /// Time since some fixed moment. Never goes back.
    func now() -> Duration
    /// - Throws: `CancellationError` when the task is cancelled first.
    func sleep(for duration: Duration) async throws
}

/// The system's monotonic clock, which also counts while the machine sleeps.
public struct SystemTime: TimeSource {
    private static let origin = ContinuousClock.now

    public init() {}

    public func now() -> Duration { ContinuousClock.now - Self.origin }
    public func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}
