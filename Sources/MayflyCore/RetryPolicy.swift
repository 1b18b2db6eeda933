/// Why an attempt ended, in the classes by which a spec says what is tried again.
public enum RetryCause: String, Codable, Hashable, Sendable, CaseIterable {
    /// Nothing of the type is free.
    case capacity
    /// The cloud's own fault: the instance failed, vanished, or never came up.
    case cloud
    /// It was up by the cloud's word and could not be reached.
    case connection
    /// The startup script, the upload or `setup` failed.
    case setup
    /// The command ended with another exit code than 0.
    case user
    /// The command ended with another exit code than 0, and its GPU had clearly failed under it.
    case gpu
    /// Nobody can say what happened.
    case lost
}

/// What is tried again, how often, and after which wait.
public struct RetryPolicy: Hashable, Sendable {
    /// All attempts together, the first one included.
    public var attempts: Int
    /// The classes that are tried again, whenever they occur. `nil` = the careful choice: capacity, cloud and connection,
    /// and only before the command was started.
    public var when: [RetryCause]?
    /// The command's exit codes that are tried again; they stand for, and narrow, ``RetryCause/user``.
    public var exitCodes: [Int32]
    /// Before the second attempt; doubled for each further one, up to ``longestWait``.
    public var backoff: Duration

    /// Waits do not grow beyond this, or beyond ``backoff`` where that is longer.
    public static let longestWait: Duration = .seconds(600)
    /// A job's number of attempts stands in two base32 digits of its hostname; a hundred is more than anybody means.
    public static let mostAttempts = 100

    public init(
        attempts: Int = 3, when: [RetryCause]? = nil, exitCodes: [Int32] = [], backoff: Duration = .seconds(30)
    ) {
        self.attempts = attempts
        self.when = when
        self.exitCodes = exitCodes
        self.backoff = backoff
    }

    /// Whether another attempt is to follow this one, unless somebody cancels the job. Never after a success.
    public func triesAgain(after attempt: AttemptState) -> Bool {
        guard attempt.number < attempts, attempt.outcome != .cancelled else { return false }
        // The create's answer was lost and nothing exists: nothing of the job has happened yet.
        if attempt.wasNeverCreated { return true }
        guard let cause = attempt.retryCause else { return false }
        if cause == .user {
            if attempt.gpuFault == true, when?.contains(.gpu) == true { return true }
            guard let code = attempt.exitCode else { return false }
            return exitCodes.isEmpty ? when?.contains(.user) == true : exitCodes.contains(code)
        }
        guard let when else { return [.capacity, .cloud, .connection].contains(cause) && !attempt.commandStarted }
        return when.contains(cause)
    }

    /// Whether it depends on the GPU's state, which only the instance can tell, if this attempt is to be followed by another.
    public func asksForTheGPU(after attempt: AttemptState) -> Bool {
        attempt.retryCause == .user && attempt.number < attempts && when?.contains(.gpu) == true
    }

    /// How long to wait between the end of an attempt and the next one's beginning.
    public func wait(after attempt: AttemptState) -> Duration {
        // Settling it took longer than any wait; the cloud answers again.
        if attempt.wasNeverCreated { return .zero }
        let doublings = min(max(0, attempt.number - 1), 16)
        return min(backoff * (1 << doublings), max(backoff, Self.longestWait))
    }
}

extension RetryPolicy: Codable {
    private enum Key: String, CodingKey {
        case attempts, when
        case exitCodes = "exit_codes"
        case backoff
    }

    /// The wait in whole milliseconds, as all durations in the store.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(attempts, forKey: .attempts)
        try container.encodeIfPresent(when, forKey: .when)
        if !exitCodes.isEmpty { try container.encode(exitCodes, forKey: .exitCodes) }
        try container.encode(backoff.milliseconds, forKey: .backoff)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            attempts: try container.decode(Int.self, forKey: .attempts),
            when: try container.decodeIfPresent([RetryCause].self, forKey: .when),
            exitCodes: try container.decodeIfPresent([Int32].self, forKey: .exitCodes) ?? [],
            backoff: .milliseconds(try container.decode(Int64.self, forKey: .backoff)))
    }
}
