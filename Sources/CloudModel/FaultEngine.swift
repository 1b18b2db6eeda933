/// Plays a fault script: counts what has been met and draws from the seed. A value; the caller keeps it.
public struct FaultEngine: Sendable {
    /// What happens to one request.
    public struct RequestFate: Hashable, Sendable {
        /// Milliseconds before anything else.
        public var latency: Int64 = 0
        public var before: Ending?
        public var after: Ending?

        public static let none = RequestFate()
    }

    /// How a request ends instead of with its own answer.
    public enum Ending: Hashable, Sendable {
        case dropped
        case answer(status: Int, retryAfter: Int?, html: Bool)
    }

    public let script: FaultScript
    private var met: [Int]
    private var state: UInt64

    public init(_ script: FaultScript = FaultScript()) {
        self.script = script
        met = Array(repeating: 0, count: script.rules.count)
        state = script.seed
    }

    public var isEmpty: Bool { script.rules.isEmpty }

    /// Decides about one request. `path` is what follows `/compute/v1`.
    public mutating func fate(method: String, path: String) -> RequestFate {
        guard !script.rules.isEmpty else { return .none }
        let segments = path.split(separator: "/")
        var fate = RequestFate.none
        for (index, rule) in script.rules.enumerated()
        where rule.isAboutRequests && rule.matches(method: method, path: segments) && strikes(index) {
            switch rule.fault {
            case .latency(let span): fate.latency += draw(span)
            case .tooManyRequests(let seconds):
                fate.before = fate.before ?? .answer(status: 429, retryAfter: seconds, html: false)
            case .serverError(let status, let moment, let html):
                fate.end(.answer(status: status, retryAfter: nil, html: html), moment)
            case .dropped(let moment): fate.end(.dropped, moment)
            default: break
            }
        }
        return fate
    }

    /// Decides about one create: refuses it, or says what is in store for the instance.
    /// - Throws: 403 or 409.
    public mutating func creation(_ request: InstanceRequest) throws(CloudRefusal) -> InstanceQuirks {
        var quirks = InstanceQuirks.none
        for (index, rule) in script.rules.enumerated()
        where !rule.isAboutRequests && rule.matches(request) && strikes(index) {
            switch rule.fault {
            case .noCapacity: throw .noCapacity(request.type ?? "")
            case .quotaExhausted: throw .quota("instances of type \(request.type ?? "")")
            case .slowActive(let span): quirks.active = .by(draw(span))
            case .neverActive: quirks.active = .never
            case .noAddress(let span): quirks.address = lateness(span)
            case .noSSH(let span): quirks.ssh = lateness(span)
            case .error(let status, let span): quirks.failures.append(.init(status: status, delay: draw(span)))
            case .unknownStatus(let status, let word, let span):
                quirks.disguises.append(.init(status: status, word: word, duration: span.map { draw($0) }))
            case .listLag(let appears, let lingers):
                quirks.appearsAfter = draw(appears)
                quirks.lingersFor = draw(lingers)
            case .destroyRefused(let times): quirks.destroyRefusals = times
            case .latency, .tooManyRequests, .serverError, .dropped: break
            }
        }
        return quirks
    }

    /// Whether a create of this type would find room now: `false` only where a rule refuses it for certain.
    public func hasCapacity(for type: String) -> Bool {
        !script.rules.enumerated().contains { index, rule in
            rule.fault == .noCapacity && rule.probability >= 1 && rule.name == nil && Glob.matches(rule.type, type)
                && met[index] >= rule.after && met[index] - rule.after < rule.times ?? .max
        }
    }

    private mutating func strikes(_ index: Int) -> Bool {
        let rule = script.rules[index]
        if rule.probability < 1, Double(next() >> 11) / Double(1 << 53) >= rule.probability { return false }
        met[index] += 1
        return met[index] > rule.after && met[index] - rule.after <= rule.times ?? .max
    }

    private mutating func lateness(_ span: FaultRule.Span?) -> InstanceQuirks.Lateness {
        span.map { .by(draw($0)) } ?? .never
    }

    private mutating func draw(_ span: FaultRule.Span) -> Int64 {
        guard span.high > span.low else { return span.low }
        return span.low + Int64(next() % UInt64(span.high - span.low + 1))
    }

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension FaultEngine.RequestFate {
    fileprivate mutating func end(_ ending: FaultEngine.Ending, _ moment: FaultRule.Moment) {
        switch moment {
        case .before: before = before ?? ending
        case .after: after = after ?? ending
        }
    }
}
