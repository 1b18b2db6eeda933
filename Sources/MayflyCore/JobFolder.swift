/// Where results go and where frozen code comes from, as the orchestrator sees them.
public protocol JobStorage: Sendable {
    /// The job's results folder, made if it is not there. Files in it are 0600.
    func folder(for job: JobRecord) async throws -> any JobFolder

    /// The bytes of a frozen workdir, pulled until `nil`.
    /// - Throws: when the content-addressed store lacks it or its length differs.
    func frozenCode(_ code: FrozenCode) async throws -> @Sendable () async throws -> [UInt8]?
}

/// The append-only logs of a job.
public enum JobLog: String, Sendable, CaseIterable {
    case stdout, stderr, startup, setup

    public var fileName: String { "\(rawValue).log" }
}

/// One job's results. Nothing outside this folder is ever written on a remote host's behalf.
public protocol JobFolder: Sendable {
    /// How many bytes of a log are here: the offset from which following resumes.
    func length(of log: JobLog) async throws -> Int64

    func append(_ bytes: [UInt8], to log: JobLog) async throws

    /// Begins a log anew, before it is fetched again from its beginning. What was there is kept beside it until the new
    /// one matches its seal. Only the file that was found damaged gives way: one that another keeper has put in its place
    /// meanwhile stays.
    func restart(_ log: JobLog) async throws

    /// Makes a log durable and compares it with what the instance sealed.
    func seal(_ log: JobLog, bytes: Int64, sha256: String) async throws -> Bool

    /// A fresh receiver for outputs; what an earlier, broken-off one had received is dropped.
    func receiveOutputs() async throws -> any OutputsReceiver

    func write(_ receipt: Receipt) async throws

    /// Moves all that an attempt left (logs, outputs) into `attempt-<number>/` and writes its receipt there, so that the next
    /// one begins in an empty folder. Repeating it is harmless: also after it was broken off, and for a keeper that was
    /// suspended meanwhile, while another has led the next attempt.
    func setAside(attempt number: Int, _ receipt: Receipt) async throws

    /// Keeps what the instance of a failed attempt told before it went, beside its logs.
    func write(blackBox: [UInt8]) async throws
}

extension JobRecord {
    /// Where an attempt's files are once another one has followed it.
    public static func asideFolderName(_ attempt: Int) -> String { "attempt-\(attempt)" }
}

/// Takes the stream of outputs as the instance sends it, with bounded memory.
public protocol OutputsReceiver: Sendable {
    func receive(_ bytes: [UInt8]) async throws
    /// Verifies what arrived and moves it into place.
    func finish() async throws -> OutputsReport
}

public struct OutputsReport: Sendable, Hashable {
    /// Whether everything the instance offered arrived and matched its SHA-256.
    public var complete: Bool
    /// What was skipped or missing, in words.
    public var warnings: [String]
    /// Whether something is on the instance that did not arrive whole; a path that was never there is not.
    public var leavesResults: Bool

    public init(complete: Bool, warnings: [String], leavesResults: Bool = false) {
        self.complete = complete
        self.warnings = warnings
        self.leavesResults = leavesResults
    }
}

/// Secrets and clouds as the keeper holds them: what is not there yet makes a job wait.
public protocol JobSupplies: Sendable {
    /// The cloud of a job, or `nil` and the reason why its job waits.
    func provider(for cloud: CloudReference) async -> Supply<any InstanceProvider>

    /// The values of a job's secrets, in the order of its references.
    func secrets(of job: JobRecord) async -> Supply<[EnvironmentVariable]>
}

public enum Supply<Value: Sendable>: Sendable {
    case ready(Value)
    /// One sentence for people that names the next step.
    case waiting(String)
}

/// Hears of every step, so that followers learn of it at once.
public protocol JobObserver: Sendable {
    func changed(_ job: JobID)
    func logGrew(_ job: JobID)
}
