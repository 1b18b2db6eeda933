/// The durable queue. Several processes open it at once; only the keeper that holds the current fencing token may
/// move attempts.
///
/// Every write is one short transaction, durable when the call returns.
public protocol JobStore: Sendable {
    /// The installation's eight characters, made on first use from `fresh`.
    func installation(fresh: String) async throws -> String

    /// Stores jobs and gives them their numbers, all or none.
    /// - Parameter accepts: asked within the transaction, in the order of the jobs, whether one may have this number. A number
    ///   that is declined is nobody's, and the next one is tried; what is thrown ends it all.
    func submit(
        _ jobs: [NewJob], accepting accepts: @escaping @Sendable (NewJob, JobID) throws -> Bool
    ) async throws -> [JobID]

    func job(_ id: JobID) async throws -> JobRecord?

    /// The newest job of this name.
    func newestJob(named name: String) async throws -> JobRecord?

    /// Jobs matching the filter, by ascending number. One whose row cannot be read is left out: it must not stop the others.
    func jobs(_ filter: JobFilter) async throws -> [JobRecord]

    /// The jobs that ``jobs(_:)`` leaves out. `watched` finds none: what an attempt waits for is in what cannot be read.
    func unreadableJobs(_ filter: JobFilter) async throws -> [UnreadableJob]

    /// What people want of unfinished jobs; a wish about a hold may be of one that is over. Cheap, whatever the number of jobs:
    /// a keeper asks whenever there is news.
    func wishes() async throws -> [JobWish]

    /// Records that a person wants the job to end. Idempotent; the first time is kept.
    /// - Returns: `false` when there is no such job or it is finished.
    func requestCancel(_ id: JobID, at time: WallTime) async throws -> Bool

    /// Lets an unfinished job deliver to another folder from now on: absolute, in which `<name>-<number>/` is made.
    /// - Returns: `false` when there is no such job or it is finished.
    func moveResults(_ id: JobID, to parent: String) async throws -> Bool

    /// Starts a keeper's reign: returns a token greater than every earlier one, which thereby end.
    func beginReign(owner: String, at time: WallTime) async throws -> FencingToken

    /// Says why a queued job waits; `nil` clears it.
    /// - Throws: ``JobStoreError/fenced`` when `token` is not the current reign's.
    func setWaiting(_ id: JobID, for reason: String?, token: FencingToken) async throws

    /// Inserts or replaces the attempt `state.number` of a job: the result of one step and the next intent together,
    /// in one transaction. An outcome that is set is never changed, and a finished attempt never moves.
    /// - Throws: ``JobStoreError``: `fenced`, `noSuchJob`, `outcomeAlreadySet`, `alreadyFinished`.
    func save(_ state: AttemptState, of id: JobID, token: FencingToken) async throws

    /// Marks the job over. Only valid when its last attempt is done.
    /// - Throws: ``JobStoreError``.
    func finish(_ id: JobID, at time: WallTime, token: FencingToken) async throws

    /// A small durable fact by name, for example the anchor's id per endpoint.
    func value(_ key: String) async throws -> String?
    func setValue(_ value: String?, for key: String) async throws

    /// A number that changes whenever another connection has written, so that a client without a keeper can poll.
    func changeCounter() async throws -> Int64
}

extension JobStore {
    /// Stores jobs under the next numbers, all or none.
    public func submit(_ jobs: [NewJob]) async throws -> [JobID] { try await submit(jobs) { _, _ in true } }

    /// For stores that hold values, not texts, and few of them.
    public func unreadableJobs(_ filter: JobFilter) async throws -> [UnreadableJob] { [] }

    public func newestJob(named name: String) async throws -> JobRecord? {
        try await jobs(.all).last { $0.definition.name == name }
    }
}

/// A job whose row this Mayfly cannot read: damaged, or written by a newer one. Nothing is done for it and nothing to it.
public struct UnreadableJob: Sendable, Hashable {
    public var id: JobID
    public var name: String
    public var cloud: CloudReference.Kind?
    public var isFinished: Bool
    /// Of its attempts' instances.
    public var hostnames: [String]
    /// What cannot be read, and why.
    public var message: String

    public init(
        id: JobID, name: String, cloud: CloudReference.Kind?, isFinished: Bool, hostnames: [String], message: String
    ) {
        self.id = id
        self.name = name
        self.cloud = cloud
        self.isFinished = isFinished
        self.hostnames = hostnames
        self.message = message
    }

    /// What is wrong and what to do, in one sentence.
    public var advice: String {
        let rest =
            isFinished || hostnames.isEmpty
            ? "" : ", and its instance (\(hostnames.joined(separator: ", "))) runs until its expiry"
        return
            "job \(id) (\(name)) cannot be read, so nothing is done for it\(rest): \(message); continue it with the Mayfly "
            + "that wrote it"
    }
}

/// Ends an earlier keeper's right to write.
public struct FencingToken: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }
}

public enum JobFilter: Sendable, Hashable {
    case all
    case unfinished
    /// Unfinished jobs of greater numbers: numbers ascend in the order in which jobs are stored, so these are the news.
    case submitted(after: JobID)
    case submission(String)
    /// Jobs with an attempt whose instance ``AttemptState/mayStillArrive(at:)``.
    case watched(at: WallTime)
    /// The newest jobs, at most this many, still by ascending number.
    case newest(Int)
}

/// Why the store refused a write.
public struct JobStoreError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A newer keeper reigns.
        case fenced
        case noSuchJob
        case outcomeAlreadySet
        case alreadyFinished
        case notDone
        /// The file is not a Mayfly store, is damaged, or is of a newer Mayfly.
        case unreadable
        /// Disk full, busy too long, and so on.
        case failed
    }

    public var code: Code
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
