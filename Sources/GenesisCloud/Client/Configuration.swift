extension GenesisCloudClient {
    /// Limits of a client. The defaults suit the real service; a client of a loopback address waits less.
    public struct Configuration: Sendable {
        /// One request, from its start to the last byte of its answer.
        public var requestTimeout: Duration = .seconds(30)
        /// One operation: all its requests, the pauses between them, and the waits for the rate limit.
        public var operationTimeout: Duration = .seconds(180)
        public var retry = RetryPolicy()
        public var rateLimit: RateLimit = .automatic
        /// A longer answer is refused.
        public var maximumResponseBytes = 8 << 20
        /// Items asked for per page of a listing; the API takes up to 100.
        public var pageSize = 100
        /// More pages than this are taken for a listing without end.
        public var maximumPages = 1000
        /// How waiting polls. `nil` = at once, then after 1 s to 5 s, on loopback 5 ms to 250 ms.
        public var polling: PollPolicy?
        /// Which proxy requests go through.
        public var proxy: ProxyChoice = .environment
        /// Is told of every request, for traces and metrics.
        public var observer: (any RequestObserver)?
        /// Time, for pauses, the rate limit and polling. (The limit on one request is kept in real time.)
        public var time: any TimeSource = SystemTime()
        /// The share of a pause that is waited, so that many clients do not come back at the same moment.
        public var jitter: @Sendable () -> Double = { Double.random(in: 0.5...1) }

        public init() {}
    }

    /// How many requests a client sends per second. All its copies share one limit.
    public enum RateLimit: Sendable, Hashable {
        /// 10 per second with a burst of 50, the service's limit; none on loopback.
        case automatic
        case unlimited
        case requests(perSecond: Double, burst: Int)
    }

    /// When a read or idempotent request is sent again.
    public struct RetryPolicy: Sendable, Hashable {
        /// How often it is sent at most. Unsafe requests are sent once.
        public var maximumAttempts = 4
        /// The pause before the first repetition; it doubles each time. `nil` = 250 ms, on loopback 10 ms.
        public var firstPause: Duration?
        public var longestPause: Duration = .seconds(8)
        /// A longer `Retry-After` than this is not waited for but reported.
        public var longestRetryAfter: Duration = .seconds(60)
        /// Repetitions that may be under way beyond those that successful traffic pays for, so that a failing cloud is
        /// not asked four times as often by everybody.
        public var budget = 20
        /// Repetitions that each request pays for.
        public var budgetPerRequest = 0.2

        public init() {}
    }

    /// The pauses between polls grow from the first to the longest.
    public struct PollPolicy: Sendable, Hashable {
        public var firstPause: Duration
        public var longestPause: Duration

        public init(firstPause: Duration, longestPause: Duration) {
            self.firstPause = firstPause
            self.longestPause = longestPause
        }
    }

    /// Which proxy requests go through. Loopback is always reached directly.
    public enum ProxyChoice: Sendable, Hashable {
        /// `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY` or `all_proxy`, unless `NO_PROXY` or `no_proxy` names the host.
        case environment
        case none
        /// `http://[user:password@]host:port`
        case server(String)
    }
}
