internal import GRDB
internal import MayflyCore

/// Jobs as rows. Synchronous, to be called inside a transaction.
extension Database {
    func insert(_ jobs: [NewJob]) throws -> [JobID] {
        try jobs.map { job in
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
    }

    func job(_ id: JobID) throws -> JobRecord? {
        try records(where: "id = ?", [id.rawValue]).first
    }

    func jobs(_ filter: JobFilter) throws -> [JobRecord] {
        switch filter {
        case .all: try records(where: "TRUE", [])
        case .unfinished: try records(where: "finished_at IS NULL", [])
        case .submission(let name): try records(where: "submission = ?", [name])
        case .watched(let now):
            // What the columns and the word can tell keeps all other states from being decoded.
            try records(
                where: """
                    id IN (SELECT job FROM attempts WHERE phase = 'done' AND expiry > ?
                        AND (teardown = 'leaked' OR instr(state, '"unsettled"') > 0))
                    """, [now.rawValue]
            ).filter { $0.attempts.contains { $0.mayStillArrive(at: now) } }
        case .newest(let count):
            // A negative LIMIT would mean "all".
            try records(where: "id IN (SELECT id FROM jobs ORDER BY id DESC LIMIT ?)", [max(0, count)])
        }
    }

    private func records(where condition: String, _ arguments: StatementArguments) throws -> [JobRecord] {
        var attempts: [Int64: [AttemptState]] = [:]
        let attemptRows = try Row.fetchCursor(
            self,
            sql: """
                SELECT job, number, state_version, state FROM attempts
                WHERE job IN (SELECT id FROM jobs WHERE \(condition)) ORDER BY job, number
                """,
            arguments: arguments)
        while let row = try attemptRows.next() {
            attempts[row["job"], default: []].append(try StoreCoding.attempt(row))
        }
        let jobRows = try Row.fetchCursor(
            self, sql: "SELECT * FROM jobs WHERE \(condition) ORDER BY id", arguments: arguments)
        var records: [JobRecord] = []
        while let row = try jobRows.next() {
            records.append(try StoreCoding.job(row, attempts: attempts[row["id"]] ?? []))
        }
        return records
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
