/// How a local cloud is to run.
public struct LocalCloudConfiguration: Sendable {
    /// What instances are made of.
    public enum Backend: String, Codable, Sendable {
        /// `isolated` where this process may mount overlays, else `process` where `bwrap` works, else an error.
        case automatic
        /// Overlay file systems and namespaces; needs root. Not a security boundary.
        case isolated
        /// A `bwrap` sandbox for ordinary users: no root inside, so no `apt` and no `sudo`.
        case process
        /// No machines at all: every wish of the API comes true at once.
        case simulated
    }

    /// Minimal lengths of the API's transient statuses.
    public struct Delays: Sendable {
        public var create: Duration
        public var start: Duration
        public var stop: Duration
        public var delete: Duration
        public var snapshot: Duration

        public init(
            create: Duration = .zero, start: Duration = .zero, stop: Duration = .zero, delete: Duration = .zero,
            snapshot: Duration = .zero
        ) {
            self.create = create
            self.start = start
            self.stop = stop
            self.delete = delete
            self.snapshot = snapshot
        }
    }

    /// Absolute path of the folder that holds all state (created, 0700).
    public var home: String
    public var backend: Backend
    /// Identifies the program, so that a newer one can ask this one to stand down.
    public var build: String
    /// Without instances and requests for this long, the local cloud ends itself.
    public var idleLimit: Duration
    public var delays: Delays
    /// 0: any free port.
    public var port: Int
    /// Further folders of the host that isolated instances must not see, beside `/root`, `/home`, `home` and the like.
    public var masks: [String]

    public init(
        home: String, backend: Backend, build: String, idleLimit: Duration = .seconds(600), delays: Delays = Delays(),
        port: Int = 0, masks: [String] = []
    ) {
        self.home = home
        self.backend = backend
        self.build = build
        self.idleLimit = idleLimit
        self.delays = delays
        self.port = port
        self.masks = masks
    }
}
