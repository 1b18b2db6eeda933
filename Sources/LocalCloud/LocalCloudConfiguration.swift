public import CloudModel

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
        /// Of volumes, file systems, security groups and floating IPs.
        public var resource: Duration

        public init(
            create: Duration = .zero, start: Duration = .zero, stop: Duration = .zero, delete: Duration = .zero,
            snapshot: Duration = .zero, resource: Duration = .zero
        ) {
            self.create = create
            self.start = start
            self.stop = stop
            self.delete = delete
            self.snapshot = snapshot
            self.resource = resource
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
    /// An IP address to listen on. One that is not loopback lets everybody who reaches it, and knows the token, run
    /// programs here; whoever sets one must have been asked twice.
    public var host: String
    /// 0: any free port.
    public var port: Int
    /// The token clients need, at least 16 characters; `nil` for the home's own, which is drawn once and kept in its file
    /// `token`.
    public var token: String?
    /// What is to go wrong.
    public var faults: FaultScript
    /// What the account may have; `nil` for more than anybody needs.
    public var limits: CloudLimits?
    /// Further folders of the host that isolated instances must not see, beside `/root`, `/home`, `home` and the like.
    public var masks: [String]

    public init(
        home: String, backend: Backend, build: String, idleLimit: Duration = .seconds(600), delays: Delays = Delays(),
        host: String = "127.0.0.1", port: Int = 0, token: String? = nil, faults: FaultScript = FaultScript(),
        limits: CloudLimits? = nil, masks: [String] = []
    ) {
        self.home = home
        self.backend = backend
        self.build = build
        self.idleLimit = idleLimit
        self.delays = delays
        self.host = host
        self.port = port
        self.token = token
        self.faults = faults
        self.limits = limits
        self.masks = masks
    }

    /// How clients on this computer spell the host.
    var authority: String {
        switch host {
        case "0.0.0.0", "localhost": "127.0.0.1"
        case "::": "[::1]"
        default: host.contains(":") ? "[\(host)]" : host
        }
    }
}
