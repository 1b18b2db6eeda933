/// Why a request failed, and whether it may have taken effect all the same.
public struct GenesisCloudError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// The endpoint's address cannot be used. Nothing was sent.
        case invalidEndpoint
        /// The token is missing, malformed or not accepted (401).
        case unauthorized
        /// The token may not do this (403).
        case forbidden
        case notFound
        /// The request was wrong (400, 422 and others).
        case validation
        /// Quota, payment, suspension: the account's owner has to act.
        case account
        /// Nothing of what was asked for is free.
        case capacity
        /// It does not fit the present state, for example a protected instance (409).
        case conflict
        case rateLimited
        /// The cloud's own fault (5xx).
        case server
        /// No connection, or it broke.
        case connection
        case timeout
        /// The answer is not what the API promises: cut off, too long, no JSON, a redirect, an endless listing.
        case badResponse
        /// The calling task was cancelled.
        case cancelled
    }

    /// The request that failed. The path is relative to the endpoint.
    public struct Location: Sendable, Hashable, CustomStringConvertible {
        public var method: String
        public var path: String

        public init(method: String, path: String) {
            self.method = method
            self.path = path
        }

        public var description: String { "\(method) \(path)" }
    }

    public var code: Code
    /// One sentence for people. It never contains the token.
    public var message: String
    public var httpStatus: Int?
    /// The API's own error code: five digits with leading zeros, for example `02035`.
    public var apiCode: String?
    /// The API's own words, or the beginning of a body that is not the API's.
    public var apiMessage: String?
    /// `false` only when it is certain that the cloud did not act on the request. Always `false` for reads, and for
    /// the codes that name a refusal: `unauthorized` to `rateLimited`.
    public var requestMayHaveTakenEffect: Bool
    /// How long the cloud asks to be left alone.
    public var retryAfter: Duration?
    public var location: Location?

    public init(
        code: Code, message: String, httpStatus: Int? = nil, apiCode: String? = nil, apiMessage: String? = nil,
        requestMayHaveTakenEffect: Bool = false, retryAfter: Duration? = nil, location: Location? = nil
    ) {
        self.code = code
        self.message = message
        self.httpStatus = httpStatus
        self.apiCode = apiCode
        self.apiMessage = apiMessage
        self.requestMayHaveTakenEffect = requestMayHaveTakenEffect
        self.retryAfter = retryAfter
        self.location = location
    }

    public var description: String { message }
}
