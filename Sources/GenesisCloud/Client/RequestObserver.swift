/// Is told of every request that was sent, for a trace (`description` is one line) or for metrics (label by
/// ``APIOperation/name`` and ``GenesisCloudError/Code``, never by path).
public protocol RequestObserver: Sendable {
    /// Called on the requesting task, right after the answer or failure. It should return at once.
    func requestEnded(_ record: RequestRecord)
}

/// One request as it went. It holds no token and no body.
public struct RequestRecord: Sendable, Hashable, CustomStringConvertible {
    public var operation: APIOperation
    public var method: String
    /// Relative to the endpoint, with its query.
    public var path: String
    /// `nil` when no answer came.
    public var status: Int?
    /// Why it failed.
    public var error: GenesisCloudError.Code?
    /// From sending to the answer's last byte.
    public var duration: Duration
    /// How long the rate limit made it wait.
    public var waited: Duration
    /// 1 for the first sending.
    public var attempt: Int
    public var requestBytes: Int
    public var responseBytes: Int
    /// The answer's `Date` header as it came: the server's own clock, to the second.
    public var serverDate: String?

    public var description: String {
        let outcome = status.map { "\($0)" } ?? error?.rawValue ?? "no answer"
        let wait = waited > .milliseconds(1) ? ", waited \(waited.inMilliseconds) ms for its turn" : ""
        let again = attempt > 1 ? ", attempt \(attempt)" : ""
        return "\(method) \(path) \(outcome) in \(duration.inMilliseconds) ms\(again)\(wait)"
            + " (\(requestBytes) B sent, \(responseBytes) B received)"
    }
}

extension Duration {
    var inMilliseconds: Int64 { nanoseconds / 1_000_000 }
    var inSeconds: Double { Double(nanoseconds) / 1e9 }
}
