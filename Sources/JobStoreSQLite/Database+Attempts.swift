internal import GRDB
internal import MayflyCore

/// Attempts as rows, and the rules under which one may move. Synchronous, to be called inside a transaction.
extension Database {
    /// Inserts or replaces an attempt. The caller has checked the reign in the same transaction.
    func save(_ state: AttemptState, of id: JobID) throws {
        try requireUnfinished(id)
        guard state.identity.job == id, state.identity.attempt == state.number else {
            throw JobStoreError(
                code: .failed,
                message: "attempt \(state.number) of job \(id) carries the identity of another: \(state.identity)")
        }
        let last = try lastAttempt(of: id)
        if let last, last.number >= state.number {
            guard let stored = try attempt(state.number, of: id) else {
                throw JobStoreError(
                    code: .failed, message: "job \(id) is at attempt \(last.number); \(state.number) was never begun")
            }
            try requireMove(from: stored, to: state, of: id)
        } else if let last, !last.isDone {
            // Two open attempts could both run the command.
            throw JobStoreError(
                code: .notDone,
                message: "attempt \(state.number) of job \(id) cannot begin: attempt \(last.number) is not done")
        } else if let owner = try Int64.fetchOne(
            self, sql: "SELECT job FROM attempts WHERE hostname = ?", arguments: [state.identity.description])
        {
            throw JobStoreError(
                code: .failed, message: "the identity \(state.identity) is already taken by an attempt of job \(owner)")
        }
        try upsert(state, of: id)
    }

    private func requireMove(from stored: AttemptState, to state: AttemptState, of id: JobID) throws {
        guard !stored.isDone else {
            throw JobStoreError(
                code: .alreadyFinished,
                message: "attempt \(stored.number) of job \(id) is done and does not move any more")
        }
        guard stored.identity == state.identity else {
            throw JobStoreError(
                code: .failed,
                message:
                    "attempt \(stored.number) of job \(id) is \(stored.identity) and cannot become \(state.identity)")
        }
        if let outcome = stored.outcome, outcome != state.outcome {
            throw JobStoreError(
                code: .outcomeAlreadySet,
                message: "attempt \(stored.number) of job \(id) ended as \(outcome.word); an outcome is set once")
        }
    }

    private func upsert(_ state: AttemptState, of id: JobID) throws {
        try execute(
            sql: """
                INSERT INTO attempts
                    (job, number, hostname, phase, outcome, teardown, expiry, state_version, state)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (job, number) DO UPDATE SET phase = excluded.phase, outcome = excluded.outcome,
                    teardown = excluded.teardown, expiry = excluded.expiry, state_version = excluded.state_version,
                    state = excluded.state
                """,
            arguments: [
                id.rawValue, state.number, state.identity.description, state.phase.word, state.outcome?.word,
                state.teardown.word, state.expiry.rawValue, state.version, try StoreCoding.encode(state),
            ])
    }

    func lastAttempt(of id: JobID) throws -> AttemptState? {
        try Row.fetchOne(
            self, sql: "SELECT * FROM attempts WHERE job = ? ORDER BY number DESC LIMIT 1", arguments: [id.rawValue]
        ).map { try StoreCoding.attempt($0) }
    }

    private func attempt(_ number: Int, of id: JobID) throws -> AttemptState? {
        try Row.fetchOne(
            self, sql: "SELECT * FROM attempts WHERE job = ? AND number = ?", arguments: [id.rawValue, number]
        ).map { try StoreCoding.attempt($0) }
    }
}
