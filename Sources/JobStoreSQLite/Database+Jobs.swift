internal import GRDB
internal import MayflyCore

/// Jobs as rows. Synchronous, to be called inside a transaction.
extension Database {
    func insert(_ jobs: [NewJob], accepting accepts: (NewJob, JobID) throws -> Bool) throws -> [JobID] {
        try jobs.map { job in
            while true {
                let id = try insert(job)
                if try accepts(job, id) { return id }
                // AUTOINCREMENT: the number does not come again.
                try execute(sql: "DELETE FROM jobs WHERE id = ?", arguments: [id.rawValue])
            }
        }
    }

    private func insert(_ job: NewJob) throws -> JobID {
        try execute(
            sql: """
                INSERT INTO jobs (name, definition_version, definition, cloud_kind, cloud_endpoint, results_parent,
                    submission, submission_limit, submitted_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                job.definition.name, StoreCoding.definitionVersion, try StoreCoding.encode(job.definition),
                job.cloud.kind.rawValue, job.cloud.endpoint, job.resultsParent, job.submission,
                job.submissionLimit, job.submittedAt.rawValue,
            ])
        return JobID(rawValue: lastInsertedRowID)
    }

    func job(_ id: JobID) throws -> JobRecord? {
        let found = try readings(where: "id = ?", [id.rawValue])
        if let trouble = found.troubles.first { throw trouble.error }
        return found.records.first
    }

    func newestJob(named name: String) throws -> JobRecord? {
        let newest = try Int64.fetchOne(
            self, sql: "SELECT id FROM jobs WHERE name = ? ORDER BY id DESC LIMIT 1", arguments: [name])
        return try newest.flatMap { try job(JobID(rawValue: $0)) }
    }

    func unreadableJobs(_ filter: JobFilter) throws -> [UnreadableJob] {
        if case .watched = filter { return [] }
        let (condition, arguments) = Self.condition(filter)
        return try readings(where: condition, arguments).troubles.map { trouble in
            let row = try Row.fetchOne(
                self, sql: "SELECT name, cloud_kind, finished_at FROM jobs WHERE id = ?", arguments: [trouble.id])
            let hostnames = try String.fetchAll(
                self, sql: "SELECT hostname FROM attempts WHERE job = ? ORDER BY number", arguments: [trouble.id])
            return UnreadableJob(
                id: JobID(rawValue: trouble.id), name: row?["name"] ?? "?",
                cloud: (row?["cloud_kind"] as String?).flatMap(CloudReference.Kind.init),
                isFinished: (row?["finished_at"] as Int64?) != nil, hostnames: hostnames,
                message: trouble.error.message)
        }
    }

    func jobs(_ filter: JobFilter) throws -> [JobRecord] {
        let (condition, arguments) = Self.condition(filter)
        let found = try readings(where: condition, arguments).records
        guard case .watched(let now) = filter else { return found }
        return found.filter { $0.attempts.contains { $0.mayStillArrive(at: now) } }
    }

    private static func condition(_ filter: JobFilter) -> (String, StatementArguments) {
        switch filter {
        case .all: ("TRUE", [])
        case .unfinished: ("finished_at IS NULL", [])
        case .submitted(let job): ("finished_at IS NULL AND id > ?", [job.rawValue])
        case .submission(let name): ("submission = ?", [name])
        // A negative LIMIT would mean "all".
        case .newest(let count): ("id IN (SELECT id FROM jobs ORDER BY id DESC LIMIT ?)", [max(0, count)])
        // What the columns and the word can tell keeps all other states from being read: an index has these terms.
        case .watched(let now):
            (
                """
                id IN (SELECT job FROM attempts WHERE phase = 'done' AND expiry > ?
                    AND (teardown = 'leaked' OR instr(state, '"unsettled"') > 0))
                """, [now.rawValue]
            )
        }
    }

    /// Each job by itself: what is wrong with one row says nothing of another.
    private func readings(
        where condition: String, _ arguments: StatementArguments
    ) throws -> (records: [JobRecord], troubles: [(id: Int64, error: JobStoreError)]) {
        var attempts: [Int64: [AttemptState]] = [:]
        var troubles: [(id: Int64, error: JobStoreError)] = []
        func reading<Value>(_ id: Int64, _ body: () throws -> Value) throws -> Value? {
            do {
                return try body()
            } catch let error as JobStoreError where error.code == .unreadable {
                if !troubles.contains(where: { $0.id == id }) { troubles.append((id, error)) }
                return nil
            }
        }
        let attemptRows = try Row.fetchCursor(
            self,
            sql: """
                SELECT job, number, state_version, state FROM attempts
                WHERE job IN (SELECT id FROM jobs WHERE \(condition)) ORDER BY job, number
                """,
            arguments: arguments)
        while let row = try attemptRows.next() {
            let id: Int64 = row["job"]
            if let attempt = try reading(id, { try StoreCoding.attempt(row) }) {
                attempts[id, default: []].append(attempt)
            }
        }
        let jobRows = try Row.fetchCursor(
            self, sql: "SELECT * FROM jobs WHERE \(condition) ORDER BY id", arguments: arguments)
        var records: [JobRecord] = []
        while let row = try jobRows.next() {
            let id: Int64 = row["id"]
            let record = try reading(id) { try StoreCoding.job(row, attempts: attempts[id] ?? []) }
            // Without one of its attempts it is not the same job.
            if let record, !troubles.contains(where: { $0.id == id }) { records.append(record) }
        }
        return (records, troubles.sorted { $0.id < $1.id })
    }

    /// Reads no definition and no attempt.
    func wishes() throws -> [JobWish] {
        let cancelled = try Int64.fetchAll(
            self,
            sql: "SELECT id FROM jobs WHERE finished_at IS NULL AND cancel_requested_at IS NOT NULL ORDER BY id")
        return JobWish.all(
            cancelled: cancelled.map { JobID(rawValue: $0) }, notes: try JobWish.noteHeads.flatMap { try facts($0) })
    }

    func requestCancel(_ id: JobID, at time: WallTime) throws -> Bool {
        let row = try Row.fetchOne(
            self, sql: "SELECT finished_at, cancel_requested_at FROM jobs WHERE id = ?", arguments: [id.rawValue])
        guard let row, (row["finished_at"] as Int64?) == nil else { return false }
        if (row["cancel_requested_at"] as Int64?) == nil {
            try execute(
                sql: "UPDATE jobs SET cancel_requested_at = ? WHERE id = ?", arguments: [time.rawValue, id.rawValue])
        }
        return true
    }

    func moveResults(_ id: JobID, to parent: String) throws -> Bool {
        try execute(
            sql: "UPDATE jobs SET results_parent = ? WHERE id = ? AND finished_at IS NULL",
            arguments: [parent, id.rawValue])
        return changesCount > 0
    }

    func setWaiting(_ id: JobID, for reason: String?) throws {
        try requireUnfinished(id)
        // Nothing changed: no write, hence no disk flush and no false news for those who poll.
        try execute(
            sql: "UPDATE jobs SET waiting_for = ?1 WHERE id = ?2 AND waiting_for IS NOT ?1",
            arguments: [reason, id.rawValue])
    }

    func finish(_ id: JobID, at time: WallTime) throws {
        try requireUnfinished(id)
        guard let last = try lastAttempt(of: id), last.isDone else {
            throw JobStoreError(
                code: .notDone, message: "job \(id) cannot be finished: its last attempt is not done")
        }
        try execute(
            sql: "UPDATE jobs SET finished_at = ?, waiting_for = NULL WHERE id = ?",
            arguments: [time.rawValue, id.rawValue])
    }

    func requireUnfinished(_ id: JobID) throws {
        let row = try Row.fetchOne(self, sql: "SELECT finished_at FROM jobs WHERE id = ?", arguments: [id.rawValue])
        guard let row else { throw JobStoreError(code: .noSuchJob, message: "there is no job \(id)") }
        guard (row["finished_at"] as Int64?) == nil else {
            throw JobStoreError(code: .alreadyFinished, message: "job \(id) is finished and does not change any more")
        }
    }
}
