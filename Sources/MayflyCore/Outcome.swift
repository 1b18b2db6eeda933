/// How a job ended. Set once and never overwritten by what cleanup finds later.
public enum Outcome: Hashable, Sendable {
    case succeeded
    /// The command ran to its end with this status (128+n for signal n).
    case failedUser(exitCode: Int32)
    /// The startup script, the upload or `setup` failed; the command never ran.
    case failedSetup
    case failedSpec
    case failedCapacity
    case failedCloud
    case failedConnection
    case timedOut(JobClock)
    case cancelled
    case overBudget
    /// Nobody can say what happened (a create without an answer, a supervisor that died).
    case lost

    /// The stable word for receipts, `ls` and NDJSON.
    public var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failedUser: "failed"
        case .failedSetup: "failed(setup)"
        case .failedSpec: "failed(spec)"
        case .failedCapacity: "failed(capacity)"
        case .failedCloud: "failed(cloud)"
        case .failedConnection: "failed(connection)"
        case .timedOut(let clock): "timed-out(\(clock.rawValue))"
        case .cancelled: "cancelled"
        case .overBudget: "over-budget"
        case .lost: "lost"
        }
    }

    /// Whether a snapshot `on_success` applies.
    public var isSuccess: Bool { self == .succeeded }
}

/// Whether everything the job produced reached the results folder.
public enum Delivery: String, Codable, Hashable, Sendable {
    case complete, partial, none
}

/// Whether everything the attempt created is provably gone (kept snapshots do not count).
public enum Teardown: Hashable, Sendable {
    case clean
    case pending
    case leaked([String])

    public var word: String {
        switch self {
        case .clean: "clean"
        case .pending: "pending"
        case .leaked: "leaked"
        }
    }
}

/// Why something is as it is: a stable code for programs, one sentence for people, and the cloud's own words.
public struct Reason: Codable, Hashable, Sendable {
    /// Stable, kebab-case, for example `create-refused`.
    public var code: String
    /// One sentence that names what failed, whose fault it is and the next step.
    public var message: String
    /// The API's `{code, message}`, verbatim.
    public var cloudCode: String?
    public var cloudMessage: String?

    public init(code: String, message: String, cloudCode: String? = nil, cloudMessage: String? = nil) {
        self.code = code
        self.message = message
        self.cloudCode = cloudCode
        self.cloudMessage = cloudMessage
    }
}
