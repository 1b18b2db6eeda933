/// The clocks of a job. Each has its own limit and its own name in errors (design: "six clocks and a total").
public enum JobClock: String, Codable, Sendable, CaseIterable {
    case queue, provision, setup, run, collect, snapshot, total
}

/// The limit of each clock. `nil` = no limit.
public struct Timeouts: Hashable, Sendable {
    /// Waiting for a slot. None by default.
    public var queue: Duration?
    /// From the create request until logged in.
    public var provision: Duration
    /// Startup script, upload and setup together.
    public var setup: Duration
    /// The command, per attempt; enforced on the instance.
    public var run: Duration
    public var collect: Duration
    public var snapshot: Duration
    /// From leaving the queue until collected, all attempts together. None by default.
    public var total: Duration?

    public init(
        queue: Duration? = nil, provision: Duration = .seconds(30 * 60),
        setup: Duration = .seconds(30 * 60),
        run: Duration = .seconds(24 * 3600), collect: Duration = .seconds(30 * 60),
        snapshot: Duration = .seconds(20 * 60), total: Duration? = nil
    ) {
        self.queue = queue
        self.provision = provision
        self.setup = setup
        self.run = run
        self.collect = collect
        self.snapshot = snapshot
        self.total = total
    }

    public func limit(of clock: JobClock) -> Duration? {
        switch clock {
        case .queue: queue
        case .provision: provision
        case .setup: setup
        case .run: run
        case .collect: collect
        case .snapshot: snapshot
        case .total: total
        }
    }
}
