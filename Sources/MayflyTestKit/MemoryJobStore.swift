public import MayflyCore
internal import Synchronization

/// The job store's rules over plain values: for tests of what stands on a store, and for simulations, whose executor
/// no operation here ever leaves.
///
/// It is held to the same ``JobStoreConformance`` as the durable store.
public final class MemoryJobStore: JobStore {
    /// What a fault is asked about, before anything is changed.
    public enum Write: String, Sendable {
        case installation, submit, requestCancel, moveResults, beginReign, setWaiting, save, finish, setValue
    }

    private struct Contents {
        var installation: String?
        var jobs: [JobRecord] = []
        var lastNumber: Int64 = 0
        var hostnames: [String: JobID] = [:]
        var reign: Int64 = 0
        var owner = ""
        var facts: [String: String] = [:]
        var changes: Int64 = 0
        var fault: (@Sendable (Write) -> JobStoreError?)?
    }

    private let contents = Mutex(Contents())

    public init() {}

    /// From now on each write first asks `fault`; an error that it returns is thrown and nothing is written.
    public func setFault(_ fault: (@Sendable (Write) -> JobStoreError?)?) {
        contents.withLock { $0.fault = fault }
    }

    private func write<T>(_ kind: Write, _ body: (inout Contents) throws -> T) throws -> T {
        try contents.withLock { contents in
            if let error = contents.fault?(kind) { throw error }
            // A copy stands in for the transaction: a refused write leaves nothing behind.
            var draft = contents
            let value = try body(&draft)
            draft.changes += 1
            contents = draft
            return value
        }
    }

    public func installation(fresh: String) async throws -> String {
        try write(.installation) { contents in
            let name = contents.installation ?? fresh
            contents.installation = name
            return name
        }
    }

    public func submit(
        _ jobs: [NewJob], accepting accepts: @escaping @Sendable (NewJob, JobID) throws -> Bool
    ) async throws -> [JobID] {
        try write(.submit) { contents in
            try jobs.map { job in
                var id: JobID
                repeat {
                    contents.lastNumber += 1
                    id = JobID(rawValue: contents.lastNumber)
                } while try !accepts(job, id)
                contents.jobs.append(
                    JobRecord(
                        id: id, definition: job.definition, cloud: job.cloud, resultsParent: job.resultsParent,
                        submission: job.submission, submissionLimit: job.submissionLimit,
                        submittedAt: job.submittedAt))
                return id
            }
        }
    }

    public func job(_ id: JobID) async throws -> JobRecord? {
        contents.withLock { contents in Self.index(of: id, in: contents).map { contents.jobs[$0] } }
    }

    public func jobs(_ filter: JobFilter) async throws -> [JobRecord] {
        contents.withLock { contents in
            switch filter {
            case .all: contents.jobs
            case .unfinished: contents.jobs.filter { !$0.isFinished }
            case .submitted(let job): contents.jobs.filter { !$0.isFinished && $0.id > job }
            case .submission(let name): contents.jobs.filter { $0.submission == name }
            case .watched(let now): contents.jobs.filter { $0.attempts.contains { $0.mayStillArrive(at: now) } }
            case .newest(let count): contents.jobs.suffix(max(0, count))
            }
        }
    }

    public func wishes() async throws -> [JobWish] {
        contents.withLock { contents in
            JobWish.all(
                cancelled: contents.jobs.filter { !$0.isFinished && $0.cancelRequestedAt != nil }.map(\.id),
                notes: contents.facts.filter { fact in JobWish.noteHeads.contains { fact.key.hasPrefix($0) } }
                    .sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) })
        }
    }

    public func requestCancel(_ id: JobID, at time: WallTime) async throws -> Bool {
        try write(.requestCancel) { contents in
            guard let index = Self.index(of: id, in: contents), !contents.jobs[index].isFinished else { return false }
            if contents.jobs[index].cancelRequestedAt == nil { contents.jobs[index].cancelRequestedAt = time }
            return true
        }
    }

    public func moveResults(_ id: JobID, to parent: String) async throws -> Bool {
        try write(.moveResults) { contents in
            guard let index = Self.index(of: id, in: contents), !contents.jobs[index].isFinished else { return false }
            contents.jobs[index].resultsParent = parent
            return true
        }
    }

    public func beginReign(owner: String, at time: WallTime) async throws -> FencingToken {
        try write(.beginReign) { contents in
            contents.reign += 1
            contents.owner = owner
            return FencingToken(rawValue: contents.reign)
        }
    }

    public func setWaiting(_ id: JobID, for reason: String?, token: FencingToken) async throws {
        try write(.setWaiting) { contents in
            let index = try Self.openJob(id, token, in: contents)
            contents.jobs[index].waitingFor = reason
        }
    }

    public func save(_ state: AttemptState, of id: JobID, token: FencingToken) async throws {
        try write(.save) { contents in
            let index = try Self.openJob(id, token, in: contents)
            guard state.identity.job == id, state.identity.attempt == state.number else {
                throw JobStoreError(code: .failed, message: "\(state.identity) is not attempt \(state.number) of \(id)")
            }
            try Self.place(state, in: &contents, at: index)
        }
    }

    public func finish(_ id: JobID, at time: WallTime, token: FencingToken) async throws {
        try write(.finish) { contents in
            let index = try Self.openJob(id, token, in: contents)
            guard contents.jobs[index].attempts.last?.isDone == true else {
                throw JobStoreError(code: .notDone, message: "the last attempt of job \(id) is not done")
            }
            contents.jobs[index].finishedAt = time
            contents.jobs[index].waitingFor = nil
        }
    }

    public func value(_ key: String) async throws -> String? { contents.withLock { $0.facts[key] } }

    public func setValue(_ value: String?, for key: String) async throws {
        try write(.setValue) { $0.facts[key] = value }
    }

    public func changeCounter() async throws -> Int64 { contents.withLock { $0.changes } }

    // MARK: Rules

    private static func index(of id: JobID, in contents: Contents) -> Int? {
        contents.jobs.firstIndex { $0.id == id }
    }

    private static func openJob(_ id: JobID, _ token: FencingToken, in contents: Contents) throws -> Int {
        guard token.rawValue == contents.reign, contents.reign > 0 else {
            throw JobStoreError(code: .fenced, message: "\(contents.owner) reigns, not reign \(token.rawValue)")
        }
        guard let index = index(of: id, in: contents) else {
            throw JobStoreError(code: .noSuchJob, message: "there is no job \(id)")
        }
        guard !contents.jobs[index].isFinished else {
            throw JobStoreError(code: .alreadyFinished, message: "job \(id) is finished")
        }
        return index
    }

    private static func place(_ state: AttemptState, in contents: inout Contents, at index: Int) throws {
        let attempts = contents.jobs[index].attempts
        if let position = attempts.firstIndex(where: { $0.number == state.number }) {
            let stored = attempts[position]
            guard !stored.isDone else {
                throw JobStoreError(code: .alreadyFinished, message: "attempt \(state.number) is done")
            }
            guard stored.identity == state.identity else {
                throw JobStoreError(code: .failed, message: "attempt \(state.number) is \(stored.identity)")
            }
            guard stored.outcome == nil || stored.outcome == state.outcome else {
                throw JobStoreError(code: .outcomeAlreadySet, message: "the outcome of \(stored.identity) is set")
            }
            contents.jobs[index].attempts[position] = state
            return
        }
        if let last = attempts.last {
            guard last.number < state.number else {
                throw JobStoreError(code: .failed, message: "attempt \(state.number) was never begun")
            }
            guard last.isDone else {
                throw JobStoreError(code: .notDone, message: "attempt \(last.number) is not done")
            }
        }
        let hostname = state.identity.description
        guard contents.hostnames[hostname] == nil else {
            throw JobStoreError(code: .failed, message: "the identity \(hostname) is taken")
        }
        contents.hostnames[hostname] = state.identity.job
        contents.jobs[index].attempts.append(state)
    }
}
