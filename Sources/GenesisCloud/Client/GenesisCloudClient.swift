public import AsyncHTTPClient
public import Logging

/// A typed client of Genesis Cloud's compute API (`/compute/v1`).
///
/// It says exactly what is known: a create is sent once and never again, its error tells whether the cloud may have
/// acted on it all the same, and a listing is complete or an error. Reads and idempotent requests are repeated with
/// back-off. The token goes to the endpoint and nowhere else: redirects are not followed, and neither descriptions nor
/// logs contain it.
///
/// A client is a value; its copies share connections, rate limit and watcher. Every method throws only
/// ``GenesisCloudError``.
public struct GenesisCloudClient: Sendable {
    public let endpoint: Endpoint
    public let configuration: Configuration
    var transport: Transport
    let watcher: InstanceWatcher

    /// - Parameters:
    ///   - endpoint: the service, or whoever speaks its API.
    ///   - token: the API token, sent as `Authorization: Bearer`. White space around it is dropped.
    ///   - configuration: limits, time and observer.
    ///   - httpClient: `nil` = connections of the library's own, shared by the whole process, which follow no redirect
    ///     and give every request that changes something a fresh connection, so that a server closing an idle one
    ///     never makes a create's outcome uncertain. A client of your own should be configured likewise; the
    ///     configuration's proxy does not apply to it.
    ///   - logger: gets method, path, status and time of each request at debug level.
    public init(
        endpoint: Endpoint = .genesisCloud, token: String, configuration: Configuration = Configuration(),
        httpClient: HTTPClient? = nil, logger: Logger = Logger(label: "genesis-cloud") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.endpoint = endpoint
        self.configuration = configuration
        let token = Token(token)
        let limiter = configuration.rateLimit.limiter(for: endpoint, time: configuration.time)
        transport = Transport(
            endpoint: endpoint, token: token, configuration: configuration,
            connections: Connections(own: httpClient, proxy: configuration.proxy, endpoint: endpoint),
            limiter: limiter, budget: RetryBudget(configuration.retry), logger: logger)
        watcher = InstanceWatcher(limiter: limiter, time: configuration.time)
    }

    /// The same client, whose requests all get their turn as early as `priority` says.
    public func with(priority: RequestPriority) -> GenesisCloudClient {
        var copy = self
        copy.transport.priority = priority
        return copy
    }

    /// The same client, of whose requests `observer` is told as well.
    public func observed(by observer: any RequestObserver) -> GenesisCloudClient {
        var copy = self
        copy.transport.observers.append(observer)
        return copy
    }
}

extension GenesisCloudClient: CustomReflectable, CustomStringConvertible {
    public var description: String { "GenesisCloudClient(\(endpoint))" }

    /// Stops a dump here: it would walk on into the HTTP client, whose buffers hold requests with the token.
    public var customMirror: Mirror { Mirror(self, children: ["endpoint": endpoint.description]) }
}

extension GenesisCloudClient.RateLimit {
    func limiter(for endpoint: GenesisCloudClient.Endpoint, time: any TimeSource) -> RateLimiter? {
        switch self {
        case .unlimited: nil
        case .automatic: endpoint.isLoopback ? nil : RateLimiter(perSecond: 10, burst: 50, time: time)
        case .requests(let perSecond, let burst): RateLimiter(perSecond: perSecond, burst: burst, time: time)
        }
    }
}
