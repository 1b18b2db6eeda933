/// Which cloud a job runs on. The token is never part of it.
public struct CloudReference: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Sendable { case local, genesis }

    public var kind: Kind
    /// The API's base address. Empty for the local cloud, whose endpoint its own file tells.
    public var endpoint: String

    public init(kind: Kind, endpoint: String) {
        self.kind = kind
        self.endpoint = endpoint
    }
}

/// A job about to be stored.
public struct NewJob: Sendable {
    public var definition: JobDefinition
    public var cloud: CloudReference
    /// Absolute folder in which `<name>-<number>/` is made.
    public var resultsParent: String
    /// Jobs of one submission share a limit of how many run at once.
    public var submission: String
    public var submissionLimit: Int
    public var submittedAt: WallTime

    public init(
        definition: JobDefinition, cloud: CloudReference, resultsParent: String, submission: String,
        submissionLimit: Int, submittedAt: WallTime
    ) {
        self.definition = definition
        self.cloud = cloud
        self.resultsParent = resultsParent
        self.submission = submission
        self.submissionLimit = submissionLimit
        self.submittedAt = submittedAt
    }
}

/// A job's row: what was asked for, and where it stands.
public struct JobRecord: Sendable, Hashable {
    public var id: JobID
    @usableFromInline var sharedDefinition: Shared<JobDefinition>
    @inlinable public var definition: JobDefinition {
        get { sharedDefinition.wrappedValue }
        set { sharedDefinition.wrappedValue = newValue }
    }
    public var cloud: CloudReference
    public var resultsParent: String
    public var submission: String
    public var submissionLimit: Int
    public var submittedAt: WallTime
    public var cancelRequestedAt: WallTime?
    /// Why a queued job waits (`waiting for token: mayfly login`), or `nil`.
    public var waitingFor: String?
    /// All attempts, oldest first; the last one is the job's.
    public var attempts: [AttemptState]
    /// Set when the job is over: its outcome is final and its receipt is written.
    public var finishedAt: WallTime?

    public init(
        id: JobID, definition: JobDefinition, cloud: CloudReference, resultsParent: String,
        submission: String,
        submissionLimit: Int, submittedAt: WallTime, cancelRequestedAt: WallTime? = nil,
        waitingFor: String? = nil,
        attempts: [AttemptState] = [], finishedAt: WallTime? = nil
    ) {
        self.id = id
        sharedDefinition = Shared(wrappedValue: definition)
        self.cloud = cloud
        self.resultsParent = resultsParent
        self.submission = submission
        self.submissionLimit = submissionLimit
        self.submittedAt = submittedAt
        self.cancelRequestedAt = cancelRequestedAt
        self.waitingFor = waitingFor
        self.attempts = attempts
        self.finishedAt = finishedAt
    }

    /// The store's note that a person gave up on proof for this job: `mayfly cancel --forget`.
    public static func forgetKey(_ id: JobID) -> String { "forget:\(id)" }

    /// How it is said that the results folder cannot be used, and that the receipt cannot be written: by these words a
    /// client sees that a job waits for a person.
    public static let folderTrouble = "the results folder cannot be"
    public static let receiptTrouble = "the receipt cannot be written"

    public var attempt: AttemptState? { attempts.last }
    public var isFinished: Bool { finishedAt != nil }

    /// The phase people see: `queued` before the first attempt, `done` only once the receipt is written.
    public var phaseWord: String {
        if isFinished { return "done" }
        // Between two attempts it waits for the next one.
        if nextAttempt != nil { return "queued" }
        return attempt?.phase.word ?? "queued"
    }

    /// `<resultsParent>/<name>-<number>`
    public var resultsFolder: String { definition.resultsFolder(of: id, in: resultsParent) }
}
