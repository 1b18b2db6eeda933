public import AsyncHTTPClient
public import Logging

/// A typed client of Genesis Cloud's compute API (`/compute/v1`).
///
/// It says exactly what is known: a create is sent once and never again, its error tells whether the cloud may have
/// acted on it all the same, and a listing is complete or an error. Reads are repeated with back-off. The token goes
/// to the endpoint and nowhere else: redirects are not followed, and neither descriptions nor logs contain it.
///
/// Every method throws only ``GenesisCloudError``.
public struct GenesisCloudClient: Sendable {
    public let endpoint: Endpoint
    public let configuration: Configuration
    let transport: Transport

    /// - Parameters:
    ///   - token: the API token, sent as `Authorization: Bearer`. White space around it is dropped.
    ///   - httpClient: `nil` = connections of the library's own, shared by the whole process, which follow no redirect
    ///     and give every request that changes something a fresh connection, so that a server closing an idle one
    ///     never makes a create's outcome uncertain. A client of your own should be configured likewise.
    ///   - logger: gets method, path, status and time of each request at debug level.
    public init(
        endpoint: Endpoint = .genesisCloud, token: String, configuration: Configuration = Configuration(),
        httpClient: HTTPClient? = nil, logger: Logger = Logger(label: "genesis-cloud") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.endpoint = endpoint
        self.configuration = configuration
        transport = Transport(
            endpoint: endpoint, token: Token(token), configuration: configuration,
            readClient: httpClient ?? OwnConnections.reading, writeClient: httpClient ?? OwnConnections.writing,
            logger: logger)
    }
}

extension GenesisCloudClient {
    /// Limits of a client. The defaults suit the real service.
    public struct Configuration: Sendable {
        /// One request, from its start to the last byte of its answer.
        public var requestTimeout: Duration
        /// How often a read is sent at most. Requests that create or change something are sent once.
        public var maximumAttempts: Int
        /// The pause before a read's first repetition; it doubles each time.
        public var firstPause: Duration
        public var longestPause: Duration
        /// A longer `Retry-After` than this is not waited for but reported.
        public var longestRetryAfter: Duration
        /// A longer answer is refused.
        public var maximumResponseBytes: Int
        /// Items asked for per page of a listing; the API takes up to 100.
        public var pageSize: Int
        /// More pages than this are taken for a listing without end.
        public var maximumPages: Int
        /// How pauses are spent.
        public var sleep: @Sendable (Duration) async throws -> Void
        /// The share of a pause that is waited, so that many clients do not come back at the same moment.
        public var jitter: @Sendable () -> Double

        public init(
            requestTimeout: Duration = .seconds(30), maximumAttempts: Int = 4,
            firstPause: Duration = .milliseconds(250), longestPause: Duration = .seconds(8),
            longestRetryAfter: Duration = .seconds(60), maximumResponseBytes: Int = 8 << 20, pageSize: Int = 100,
            maximumPages: Int = 1000, sleep: @escaping @Sendable (Duration) async throws -> Void = Self.sleepTask,
            jitter: @escaping @Sendable () -> Double = { Double.random(in: 0.5...1) }
        ) {
            self.requestTimeout = requestTimeout
            self.maximumAttempts = maximumAttempts
            self.firstPause = firstPause
            self.longestPause = longestPause
            self.longestRetryAfter = longestRetryAfter
            self.maximumResponseBytes = maximumResponseBytes
            self.pageSize = pageSize
            self.maximumPages = maximumPages
            self.sleep = sleep
            self.jitter = jitter
        }

        @Sendable public static func sleepTask(for duration: Duration) async throws {
            try await Task.sleep(for: duration)
        }
    }
}

/// The token, in a wrapper that no description, dump or interpolation looks into.
struct Token: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let value: String

    init(_ text: String) {
        value = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    var description: String { "<token>" }
    var debugDescription: String { "<token>" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// Visible ASCII only: anything else cannot be a header's value (RFC 9110, 5.5), and one with a line break could
    /// smuggle in another header.
    var isSendable: Bool { !value.isEmpty && value.utf8.allSatisfy { (0x21...0x7E).contains($0) } }

    /// What a server said, without the token that it may have echoed.
    func redacted(from text: String) -> String {
        value.isEmpty
            ? text : text.split(separator: value, omittingEmptySubsequences: false).joined(separator: "<token>")
    }
}

extension GenesisCloudClient: CustomReflectable, CustomStringConvertible {
    public var description: String { "GenesisCloudClient(\(endpoint))" }

    /// Stops a dump here: it would walk on into the HTTP client, whose buffers hold requests with the token.
    public var customMirror: Mirror { Mirror(self, children: ["endpoint": endpoint.description]) }
}
