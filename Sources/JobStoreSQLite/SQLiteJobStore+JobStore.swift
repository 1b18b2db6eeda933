internal import GRDB
public import MayflyCore

extension SQLiteJobStore {
    public func installation(fresh: String) async throws -> String {
        try await write { try $0.installation(fresh: fresh) }
    }

    public func submit(
        _ jobs: [NewJob], accepting accepts: @escaping @Sendable (NewJob, JobID) throws -> Bool
    ) async throws -> [JobID] {
        guard !jobs.isEmpty else { return [] }
        return try await write { db in
            try db.insert(jobs) { job, id in
                do { return try accepts(job, id) } catch { throw CallersError(error: error) }
            }
        }
    }

    public func job(_ id: JobID) async throws -> JobRecord? {
        try await read { try $0.job(id) }
    }

    public func newestJob(named name: String) async throws -> JobRecord? {
        try await read { try $0.newestJob(named: name) }
    }

    public func jobs(_ filter: JobFilter) async throws -> [JobRecord] {
        try await read { try $0.jobs(filter) }
    }

    public func unreadableJobs(_ filter: JobFilter) async throws -> [UnreadableJob] {
        try await read { try $0.unreadableJobs(filter) }
    }

    public func wishes() async throws -> [JobWish] {
        try await read { try $0.wishes() }
    }

    public func requestCancel(_ id: JobID, at time: WallTime) async throws -> Bool {
        try await write { try $0.requestCancel(id, at: time) }
    }

    public func moveResults(_ id: JobID, to parent: String) async throws -> Bool {
        try await write { try $0.moveResults(id, to: parent) }
    }

    public func beginReign(owner: String, at time: WallTime) async throws -> FencingToken {
        try await write { try $0.beginReign(owner: owner, at: time) }
    }

    public func setWaiting(_ id: JobID, for reason: String?, token: FencingToken) async throws {
        try await write { db in
            try db.requireReign(token)
            try db.setWaiting(id, for: reason)
        }
    }

    public func save(_ state: AttemptState, of id: JobID, token: FencingToken) async throws {
        try await write { db in
            try db.requireReign(token)
            try db.save(state, of: id)
        }
    }

    public func finish(_ id: JobID, at time: WallTime, token: FencingToken) async throws {
        try await write { db in
            try db.requireReign(token)
            try db.finish(id, at: time)
        }
    }

    public func value(_ key: String) async throws -> String? {
        try await read { try $0.fact(key) }
    }

    public func setValue(_ value: String?, for key: String) async throws {
        try await write { try $0.setFact(value, for: key) }
    }

    public func changeCounter() async throws -> Int64 {
        // https://www.sqlite.org/pragma.html#pragma_data_version: comparable only on one connection, hence the watcher.
        try await Self.read(from: watcher, path) { try Int64.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
    }
}
