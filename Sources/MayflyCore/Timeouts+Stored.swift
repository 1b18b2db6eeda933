extension Timeouts: Codable {
    private enum Key: String, CodingKey, CaseIterable {
        case queue, provision, setup, run, collect, snapshot, total
    }

    /// In whole milliseconds: what `Duration` encodes of itself is the compiler's business.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for (key, clock) in zip(Key.allCases, JobClock.allCases) {
            try container.encodeIfPresent(limit(of: clock)?.milliseconds, forKey: key)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func optional(_ key: Key) throws -> Duration? {
            try container.decodeIfPresent(Int64.self, forKey: key).map { .milliseconds($0) }
        }
        func required(_ key: Key) throws -> Duration { .milliseconds(try container.decode(Int64.self, forKey: key)) }
        self.init(
            queue: try optional(.queue), provision: try required(.provision), setup: try required(.setup),
            run: try required(.run), collect: try required(.collect), snapshot: try required(.snapshot),
            total: try optional(.total))
    }
}
