/// Why a request failed, whose fault it is, and whether it may have taken effect all the same.
public struct GenesisCloudError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// The endpoint's address cannot be used. Nothing was sent.
        case invalidEndpoint
        /// The token is missing, malformed or not accepted (401).
        case unauthorized
        /// The token may not do this (403).
        case forbidden
        case notFound
        /// The request was wrong (400, 422 and others), or was not sent because it would be.
        case validation
        /// Quota, payment, suspension: the account's owner has to act.
        case account
        /// Nothing of what was asked for is free.
        case capacity
        /// It does not fit the present state, for example a protected instance (409).
        case conflict
        /// Refused for the rate of requests (429). Known to have had no effect.
        case rateLimited
        /// The cloud's own fault (5xx).
        case server
        /// No connection, or it broke.
        case connection
        case timeout
        /// The answer is not what the API promises: cut off, too long, no JSON, a redirect, an endless listing.
        case badResponse
        /// What was waited for cannot happen any more, for example because the instance is in `error`.
        case unreachableState
        /// The calling task was cancelled.
        case cancelled
    }

    /// Who has to act.
    public enum Fault: String, Sendable, CaseIterable {
        /// Whoever made the request: it, or the state it meets, is wrong.
        case user
        /// The account's owner: token, scopes, quota, payment.
        case account
        /// The cloud: try again later.
        case cloud
        /// The way between here and there.
        case network
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
    public var operation: APIOperation?
    public var httpStatus: Int?
    /// The API's own error code: five digits with leading zeros, for example `02035`.
    public var apiCode: String?
    /// The API's own words, or the beginning of a body that is not the API's.
    public var apiMessage: String?
    /// `false` only when it is certain that the cloud did not act on the request. Always `false` for reads, and for
    /// the codes that name a refusal, `unauthorized` to `rateLimited`, unless an earlier sending of an idempotent
    /// request was left open.
    public var requestMayHaveTakenEffect: Bool
    /// How long the cloud asks to be left alone.
    public var retryAfter: Duration?
    public var location: Location?
    /// The field of a request's body that is wrong, in the API's spelling, where it is known.
    public var field: String?

    public init(
        code: Code, message: String, operation: APIOperation? = nil, httpStatus: Int? = nil, apiCode: String? = nil,
        apiMessage: String? = nil, requestMayHaveTakenEffect: Bool = false, retryAfter: Duration? = nil,
        location: Location? = nil, field: String? = nil
    ) {
        self.code = code
        self.message = message
        self.operation = operation
        self.httpStatus = httpStatus
        self.apiCode = apiCode
        self.apiMessage = apiMessage
        self.requestMayHaveTakenEffect = requestMayHaveTakenEffect
        self.retryAfter = retryAfter
        self.location = location
        self.field = field
    }

    public var description: String { message }

    public var fault: Fault {
        switch code {
        case .invalidEndpoint, .notFound, .validation, .conflict, .cancelled: .user
        case .unauthorized, .forbidden, .account: .account
        case .capacity, .rateLimited, .server, .badResponse, .unreachableState: .cloud
        case .timeout: httpStatus == nil ? .network : .cloud
        case .connection: .network
        }
    }

    /// Whether the very same request may be sent again without the danger of doing something twice, and could succeed.
    public var mayBeRepeated: Bool {
        guard !requestMayHaveTakenEffect || operation?.effect != .unsafe else { return false }
        switch code {
        case .rateLimited, .server, .connection, .timeout, .capacity: return true
        case .badResponse: return httpStatus == nil
        case .invalidEndpoint, .unauthorized, .forbidden, .notFound, .validation, .account, .conflict,
            .unreachableState, .cancelled:
            return false
        }
    }
}
