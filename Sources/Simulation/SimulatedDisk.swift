import MayflyCore

/// The store's file: exactly what was committed, shared by all lives of the keeper and by the clients.
///
/// It has the durable store's rules; `JobStoreConformance` is held against it. Everything a keeper needs often costs the
/// same with ten jobs and with ten thousand.
final class SimulatedDisk: @unchecked Sendable {
    private(set) var jobs: [JobRecord] = []
    private var lastNumber: Int64 = 0
    /// Places in ``jobs``, ascending.
    private var open: [Int] = []
    /// Those of ``open`` that are to end.
    private var cancelled: [Int] = []
    private var watched: [Int] = []
    private var hostnames: [String: Int] = [:]
    private var reign: Int64 = 0
    private var owner = ""
    private var installation: String?
    private var facts: [String: String] = [:]
    private var changes: Int64 = 0
    /// Durable writes that moved jobs.
    private(set) var commits = 0
    private let violate: (String) -> Void
    /// Places of rows that nobody can read just now.
    var unreadable: Set<Int> = []
    /// Asked about every attempt that is written.
    var inspect: (AttemptState) -> Void = { _ in }

    init(violate: @escaping (String) -> Void) { self.violate = violate }

    var isAllFinished: Bool { open.isEmpty }

    func installation(fresh: String) -> String {
        let name = installation ?? fresh
        installation = name
        return name
    }

    func submit(_ news: [NewJob], accepting accepts: (NewJob, JobID) throws -> Bool) rethrows -> [JobID] {
        var number = lastNumber
        let ids = try news.map { job in
            repeat { number += 1 } while try !accepts(job, JobID(rawValue: number))
            return JobID(rawValue: number)
        }
        lastNumber = number
        for (id, job) in zip(ids, news) {
            open.append(jobs.count)
            jobs.append(
                JobRecord(
                    id: id, definition: job.definition, cloud: job.cloud, resultsParent: job.resultsParent,
                    submission: job.submission, submissionLimit: job.submissionLimit, submittedAt: job.submittedAt))
        }
        changes += 1
        return ids
    }

    func job(_ id: JobID) throws -> JobRecord? {
        try place(of: id).map { place in
            try requireReadable(place)
            return jobs[place]
        }
    }

    private func requireReadable(_ place: Int) throws {
        guard unreadable.contains(place) else { return }
        throw JobStoreError(code: .unreadable, message: "simulated: the row of job \(jobs[place].id) is damaged")
    }

    func knows(hostname: String) -> Bool { hostnames[hostname] != nil }

    func jobs(_ filter: JobFilter) -> [JobRecord] {
        let all = selected(filter)
        return unreadable.isEmpty ? all : all.filter { !isUnreadable($0) }
    }

    func unreadableJobs(_ filter: JobFilter) -> [UnreadableJob] {
        guard !unreadable.isEmpty else { return [] }
        if case .watched = filter { return [] }
        return selected(filter).filter(isUnreadable).map { job in
            UnreadableJob(
                id: job.id, name: job.definition.name, cloud: job.cloud.kind, isFinished: job.isFinished,
                hostnames: job.attempts.map(\.identity.description), message: "simulated: the row is damaged")
        }
    }

    private func isUnreadable(_ job: JobRecord) -> Bool { place(of: job.id).map(unreadable.contains) ?? false }

    private func selected(_ filter: JobFilter) -> [JobRecord] {
        switch filter {
        case .all: jobs
        case .unfinished: open.map { jobs[$0] }
        case .submitted(let job): open[Self.rank(of: firstPlace(after: job), in: open)...].map { jobs[$0] }
        case .submission(let name): jobs.filter { $0.submission == name }
        case .watched(let now):
            watched.map { jobs[$0] }.filter { $0.attempts.contains { $0.mayStillArrive(at: now) } }
        case .newest(let count): jobs.suffix(max(0, count))
        }
    }

    func wishes() -> [JobWish] {
        JobWish.all(
            cancelled: cancelled.map { jobs[$0].id },
            notes: facts.filter { fact in JobWish.noteHeads.contains { fact.key.hasPrefix($0) } }
                .sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) })
    }

    func requestCancel(_ id: JobID, at time: WallTime) -> Bool {
        guard let place = place(of: id), !jobs[place].isFinished else { return false }
        changes += 1
        guard jobs[place].cancelRequestedAt == nil else { return true }
        jobs[place].cancelRequestedAt = time
        cancelled.insert(place, at: Self.rank(of: place, in: cancelled))
        return true
    }

    func moveResults(_ id: JobID, to parent: String) -> Bool {
        guard let place = place(of: id), !jobs[place].isFinished else { return false }
        changes += 1
        jobs[place].resultsParent = parent
        return true
    }

    func beginReign(owner: String) -> FencingToken {
        changes += 1
        reign += 1
        self.owner = owner
        return FencingToken(rawValue: reign)
    }

    func setWaiting(_ id: JobID, for reason: String?, token: FencingToken) throws {
        let place = try openJob(id, token)
        jobs[place].waitingFor = reason
        committed()
    }

    func finish(_ id: JobID, at time: WallTime, token: FencingToken) throws {
        let place = try openJob(id, token)
        guard jobs[place].attempts.last?.isDone == true else {
            throw JobStoreError(code: .notDone, message: "the last attempt of job \(id) is not done")
        }
        jobs[place].finishedAt = time
        jobs[place].waitingFor = nil
        Self.remove(place, from: &open)
        Self.remove(place, from: &cancelled)
        committed()
    }

    func value(_ key: String) -> String? { facts[key] }

    func setValue(_ value: String?, for key: String) {
        facts[key] = value
        changes += 1
    }

    var changeCounter: Int64 { changes }

    func save(_ state: AttemptState, of id: JobID, token: FencingToken) throws {
        let place = try openJob(id, token)
        guard state.identity.job == id, state.identity.attempt == state.number else {
            throw JobStoreError(code: .failed, message: "\(state.identity) is not attempt \(state.number) of \(id)")
        }
        if let index = jobs[place].attempts.firstIndex(where: { $0.number == state.number }) {
            let stored = jobs[place].attempts[index]
            guard !stored.isDone else {
                throw JobStoreError(code: .alreadyFinished, message: "attempt \(state.number) is done")
            }
            guard stored.identity == state.identity else {
                throw JobStoreError(code: .failed, message: "attempt \(state.number) is \(stored.identity)")
            }
            guard stored.outcome == nil || stored.outcome == state.outcome else {
                violate("the outcome of \(stored.identity) was set and is changed")
                throw JobStoreError(code: .outcomeAlreadySet, message: "the outcome of \(stored.identity) is set")
            }
            jobs[place].attempts[index] = state
        } else {
            if let last = jobs[place].attempts.last {
                guard last.number < state.number else {
                    throw JobStoreError(code: .failed, message: "attempt \(state.number) was never begun")
                }
                guard last.isDone else {
                    throw JobStoreError(code: .notDone, message: "attempt \(last.number) is not done")
                }
            }
            guard hostnames[state.identity.description] == nil else {
                throw JobStoreError(code: .failed, message: "the identity \(state.identity) is taken")
            }
            hostnames[state.identity.description] = place
            jobs[place].attempts.append(state)
        }
        if state.mayStillArrive(at: WallTime(rawValue: .min)), !watched.contains(place) { watched.append(place) }
        inspect(state)
        committed()
    }

    // MARK: Rules

    private func committed() {
        commits += 1
        changes += 1
    }

    /// Where a place stands, or would stand, among ascending ones.
    private static func rank(of place: Int, in places: [Int]) -> Int {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func remove(_ place: Int, from places: inout [Int]) {
        let rank = rank(of: place, in: places)
        if rank < places.count, places[rank] == place { places.remove(at: rank) }
    }

    private func place(of id: JobID) -> Int? {
        guard id.rawValue > 0, id.rawValue <= lastNumber else { return nil }
        let place = firstPlace(after: JobID(rawValue: id.rawValue - 1))
        return place < jobs.count && jobs[place].id == id ? place : nil
    }

    /// Of the jobs with greater numbers.
    private func firstPlace(after id: JobID) -> Int {
        // Where no number was declined, places and numbers run together.
        if lastNumber == jobs.count { return Int(min(max(0, id.rawValue), lastNumber)) }
        return jobs.firstIndex { $0.id > id } ?? jobs.count
    }

    private func openJob(_ id: JobID, _ token: FencingToken) throws -> Int {
        guard token.rawValue == reign, reign > 0 else {
            throw JobStoreError(code: .fenced, message: "\(owner) reigns, not reign \(token.rawValue)")
        }
        guard let place = place(of: id) else {
            throw JobStoreError(code: .noSuchJob, message: "there is no job \(id)")
        }
        guard !jobs[place].isFinished else {
            throw JobStoreError(code: .alreadyFinished, message: "job \(id) is finished")
        }
        try requireReadable(place)
        return place
    }
}
