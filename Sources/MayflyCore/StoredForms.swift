// How the values with cases are spelt in the store. Written by hand, because what a compiler synthesises changes with a
// renamed label, and a newer Mayfly must continue the jobs of an older one. Golden-tested.

extension AttemptPhase: Codable {
    private enum Key: String, CodingKey { case name, instance, address, port, step, stop }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(word, forKey: .name)
        try container.encodeIfPresent(instanceID?.rawValue, forKey: .instance)
        switch self {
        case .queued, .creating, .booting, .destroying, .verifying, .done: break
        case .connecting(let instance), .collecting(let instance), .holding(let instance),
            .snapshotting(let instance):
            try Self.encode(instance, &container)
        case .preparing(let instance, let step):
            try Self.encode(instance, &container)
            try container.encode(step.rawValue, forKey: .step)
        case .running(let instance, let stop):
            try Self.encode(instance, &container)
            try container.encodeIfPresent(stop?.stored, forKey: .stop)
        }
    }

    private static func encode(
        _ instance: ReachableInstance, _ container: inout KeyedEncodingContainer<Key>
    ) throws {
        try container.encode(instance.address, forKey: .address)
        try container.encode(instance.sshPort, forKey: .port)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func id() throws -> InstanceID {
            InstanceID(rawValue: try container.decode(String.self, forKey: .instance))
        }
        func reachable() throws -> ReachableInstance {
            ReachableInstance(
                id: try id(), address: try container.decode(String.self, forKey: .address),
                sshPort: try container.decode(Int.self, forKey: .port))
        }
        switch try container.decode(String.self, forKey: .name) {
        case "queued": self = .queued
        case "creating": self = .creating
        case "booting": self = .booting(try id())
        case "connecting": self = .connecting(try reachable())
        case "preparing": self = .preparing(try reachable(), try container.decode(PreparingStep.self, forKey: .step))
        case "running":
            let stop = try container.decodeIfPresent(String.self, forKey: .stop).map {
                try StopCause(stored: $0, at: container.codingPath)
            }
            self = .running(try reachable(), stop)
        case "collecting": self = .collecting(try reachable())
        case "holding": self = .holding(try reachable())
        case "snapshotting": self = .snapshotting(try reachable())
        case "destroying": self = .destroying(try id())
        case "verifying": self = .verifying(try id())
        case "done": self = .done
        case let other: throw Self.unknown("phase", other, container.codingPath)
        }
    }

    static func unknown(_ what: String, _ word: String, _ path: [any CodingKey]) -> DecodingError {
        .dataCorrupted(
            DecodingError.Context(
                codingPath: path, debugDescription: "unknown \(what) \"\(word)\" (written by a newer Mayfly?)"))
    }
}

extension StopCause {
    /// `cancelled`, or `clock:NAME`.
    var stored: String {
        switch self {
        case .cancelled: "cancelled"
        case .clock(let clock): "clock:\(clock.rawValue)"
        }
    }

    init(stored: String, at path: [any CodingKey]) throws {
        if stored == "cancelled" {
            self = .cancelled
        } else if stored.hasPrefix("clock:"), let clock = JobClock(rawValue: String(stored.dropFirst(6))) {
            self = .clock(clock)
        } else {
            throw AttemptPhase.unknown("stop cause", stored, path)
        }
    }
}

extension Outcome: Codable {
    private enum Key: String, CodingKey {
        case name
        case exitCode = "exit_code"
        case clock
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .failedUser(let code):
            try container.encode("failed", forKey: .name)
            try container.encode(code, forKey: .exitCode)
        case .timedOut(let clock):
            try container.encode("timed-out", forKey: .name)
            try container.encode(clock, forKey: .clock)
        case .succeeded, .failedSetup, .failedSpec, .failedCapacity, .failedCloud, .failedConnection, .cancelled,
            .overBudget, .lost:
            try container.encode(word, forKey: .name)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(String.self, forKey: .name) {
        case "failed": self = .failedUser(exitCode: try container.decode(Int32.self, forKey: .exitCode))
        case "timed-out": self = .timedOut(try container.decode(JobClock.self, forKey: .clock))
        case let name:
            let plain: [Outcome] = [
                .succeeded, .failedSetup, .failedSpec, .failedCapacity, .failedCloud, .failedConnection, .cancelled,
                .overBudget, .lost,
            ]
            guard let outcome = plain.first(where: { $0.word == name }) else {
                throw AttemptPhase.unknown("outcome", name, container.codingPath)
            }
            self = outcome
        }
    }
}

extension Teardown: Codable {
    private enum Key: String, CodingKey { case name, leaked }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(word, forKey: .name)
        if case .leaked(let ids) = self { try container.encode(ids, forKey: .leaked) }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(String.self, forKey: .name) {
        case "clean": self = .clean
        case "pending": self = .pending
        case "leaked": self = .leaked(try container.decode([String].self, forKey: .leaked))
        case let other: throw AttemptPhase.unknown("teardown", other, container.codingPath)
        }
    }
}
