// Hand-written for the store, as in StoredForms.swift.

extension Hold: Codable {
    private enum Key: String, CodingKey { case cause, began, length, extended }

    /// The length in whole milliseconds, as all durations in the store.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(cause, forKey: .cause)
        try container.encode(began, forKey: .began)
        try container.encode(length.milliseconds, forKey: .length)
        if isExtended { try container.encode(true, forKey: .extended) }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            cause: try container.decode(Cause.self, forKey: .cause),
            began: try container.decode(Moment.self, forKey: .began),
            length: .milliseconds(try container.decode(Int64.self, forKey: .length)),
            isExtended: try container.decodeIfPresent(Bool.self, forKey: .extended) ?? false)
    }
}

extension FailurePolicy: Codable {
    private enum Key: String, CodingKey { case hold }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(hold.milliseconds, forKey: .hold)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(hold: .milliseconds(try container.decode(Int64.self, forKey: .hold)))
    }
}

extension CollectFailurePolicy: Codable {
    private static let holdHead = "hold:"

    /// `snapshot`, `discard`, or `hold:` and milliseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .snapshot: try container.encode("snapshot")
        case .discard: try container.encode("discard")
        case .hold(let length): try container.encode("\(Self.holdHead)\(length.milliseconds)")
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        switch text {
        case "snapshot": self = .snapshot
        case "discard": self = .discard
        default:
            guard text.hasPrefix(Self.holdHead), let length = Int64(text.dropFirst(Self.holdHead.count)) else {
                throw AttemptPhase.unknown("collect failure policy", text, decoder.codingPath)
            }
            self = .hold(.milliseconds(length))
        }
    }
}
