/// What is to go wrong, and when: seeded, so that the same requests in the same order meet the same faults.
public struct FaultScript: Hashable, Sendable {
    public var seed: UInt64
    public var rules: [FaultRule]

    public init(seed: UInt64 = 0, rules: [FaultRule] = []) {
        self.seed = seed
        self.rules = rules
    }
}

/// One fault, and what it applies to.
public struct FaultRule: Hashable, Sendable {
    /// Before or after the request has had its effect.
    public enum Moment: String, Sendable, CaseIterable { case before, after }

    /// A length of time in milliseconds, drawn anew each time.
    public struct Span: Hashable, Sendable {
        public var low: Int64
        public var high: Int64

        public init(_ low: Int64, _ high: Int64? = nil) {
            self.low = low
            self.high = max(low, high ?? low)
        }
    }

    public enum Fault: Hashable, Sendable {
        // About requests.

        /// The answer comes later.
        case latency(Span)
        /// 429 instead of the effect, with or without `Retry-After` (whole seconds).
        case tooManyRequests(retryAfter: Int?)
        /// A 5xx, with a JSON body or an HTML page as proxies send.
        case serverError(status: Int, moment: Moment, html: Bool)
        /// The connection ends without an answer.
        case dropped(Moment)
        /// 409 to a create.
        case noCapacity
        /// 403 to a create.
        case quotaExhausted

        // About instances; drawn when one is created.

        case slowActive(Span)
        case neverActive
        /// `active`, but no address yet; `nil` for never.
        case noAddress(Span?)
        /// An address, but no SSH server yet; `nil` for never.
        case noSSH(Span?)
        /// Ends in `error`, so long after the status has begun.
        case error(CloudInstance.Status, Span)
        /// Another word for a status, for a while or as long as it lasts.
        case unknownStatus(CloudInstance.Status, word: String, Span?)
        /// Listings show a new instance late, and a gone one too long.
        case listLag(appears: Span, lingers: Span)
        /// The first so many destroy requests of each instance are refused.
        case destroyRefused(Int)
    }

    public var fault: Fault
    /// `POST`, ...; `nil` for all.
    public var method: String?
    /// Below `/compute/v1`, with `*` for one segment and a final `**` for the rest; `nil` for all.
    public var path: String?
    /// For faults of instances and creates: the type and the name, with `*` for any characters.
    public var type: String?
    public var name: String?
    /// 0...1.
    public var probability: Double
    /// How many that would be met are let pass first.
    public var after: Int
    /// How often at most; `nil` without end.
    public var times: Int?

    public init(
        _ fault: Fault, method: String? = nil, path: String? = nil, type: String? = nil, name: String? = nil,
        probability: Double = 1, after: Int = 0, times: Int? = nil
    ) {
        self.fault = fault
        self.method = method
        self.path = path
        self.type = type
        self.name = name
        self.probability = probability
        self.after = after
        self.times = times
    }

    /// Whether it is decided for each request, not once for each instance.
    var isAboutRequests: Bool {
        switch fault {
        case .latency, .tooManyRequests, .serverError, .dropped: true
        default: false
        }
    }

    func matches(method: String, path: [Substring]) -> Bool {
        guard self.method.map({ $0 == method }) ?? true else { return false }
        guard let pattern = self.path?.split(separator: "/") else { return true }
        for (index, segment) in pattern.enumerated() {
            if segment == "**" { return true }
            guard index < path.count, segment == "*" || segment == path[index] else { return false }
        }
        return pattern.count == path.count
    }

    func matches(_ request: InstanceRequest) -> Bool {
        Glob.matches(type, request.type ?? "") && Glob.matches(name, request.name ?? "")
    }
}

/// `*` stands for any characters.
enum Glob {
    static func matches(_ pattern: String?, _ text: String) -> Bool {
        guard let pattern else { return true }
        return matches(Array(pattern.utf8)[...], Array(text.utf8)[...])
    }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        var (pattern, text) = (pattern, text)
        var retry: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
        while !text.isEmpty {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                retry = (pattern, text)
            } else if let first = pattern.first, first == text.first {
                pattern = pattern.dropFirst()
                text = text.dropFirst()
            } else if let last = retry {
                retry = (last.pattern, last.text.dropFirst())
                (pattern, text) = (last.pattern, last.text.dropFirst())
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
