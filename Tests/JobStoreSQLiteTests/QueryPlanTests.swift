import GRDB
import MayflyCore
import MayflyTestKit
import Synchronization
import Testing

@testable import JobStoreSQLite

/// What is asked for often costs as much as it finds, however many jobs there are: said by SQLite's own plans, not by a clock.
@Suite struct QueryPlanTests {
    private final class Heard: Sendable {
        let statements = Mutex<[String]>([])
    }

    /// All statements of these operations.
    private static func statements(_ body: (Database, JobID, FencingToken) throws -> Void) throws -> [String] {
        let queue = try DatabaseQueue()
        let heard = Heard()
        try queue.write { db in
            try StoreSchema.migrate(db)
            let id = try db.insert([Fixtures.newJob()], accepting: { _, _ in true })[0]
            let token = try db.beginReign(owner: "k", at: Fixtures.now.wall)
            db.trace { event in heard.statements.withLock { $0.append("\(event)") } }
            try body(db, id, token)
            db.trace()
        }
        return heard.statements.withLock { $0 }
    }

    private static func plan(of statement: String) throws -> [String] {
        try DatabaseQueue().write { db in
            try StoreSchema.migrate(db)
            let sql = statement.replacing(/\?[0-9]?/, with: "1")
            return try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(sql)").map { $0["detail"] }
        }
    }

    /// The statement's whole result, or as many rows as it asks for.
    private static func isBounded(_ step: String, in statement: String) -> Bool {
        if !step.hasPrefix("SCAN jobs") && !step.hasPrefix("SCAN attempts") { return true }
        return step.hasSuffix(" INDEX jobs_cancelled") || statement.contains("FROM jobs ORDER BY id DESC LIMIT")
    }

    @Test func nothingThatIsAskedOftenReadsARowForEveryJob() throws {
        let statements = try Self.statements { db, id, token in
            try db.requireReign(token)
            _ = try db.wishes()
            for filter: JobFilter in [
                .submitted(after: id), .submission("s1"), .watched(at: Fixtures.now.wall), .newest(20),
            ] {
                _ = try db.jobs(filter)
                _ = try db.unreadableJobs(filter)
            }
            _ = try db.job(id)
            _ = try db.newestJob(named: "train")
            _ = try db.requestCancel(id, at: Fixtures.now.wall)
            _ = try db.moveResults(id, to: "/elsewhere")
            try db.setWaiting(id, for: "a slot")
            try db.save(Fixtures.attempt(of: id), of: id)
            try db.save(Fixtures.doneAttempt(of: id), of: id)
            try db.finish(id, at: Fixtures.now.wall)
            _ = try db.insert([Fixtures.newJob()], accepting: { _, _ in true })
            try db.setFact("value", for: "key")
            _ = try db.facts("k")
        }
        #expect(statements.count > 25, "the trace hears them: \(statements)")
        for statement in Set(statements).sorted() {
            let steps = try Self.plan(of: statement)
            #expect(steps.allSatisfy { Self.isBounded($0, in: statement) }, "\(statement)\n\(steps)")
        }
    }

    @Test func aWakeOfTheKeeperReadsNoJobThatOnlyWaits() throws {
        let wake = try Self.statements { db, id, _ in
            _ = try db.wishes()
            _ = try db.jobs(.submitted(after: id))
            _ = try db.jobs(.watched(at: Fixtures.now.wall))
        }
        let steps = try wake.flatMap { try Self.plan(of: $0) }.joined(separator: "\n")
        for index in ["INDEX jobs_cancelled", "INDEX jobs_unfinished (id>?)", "INDEX attempts_watched (expiry>?)"] {
            #expect(steps.contains(index), "\(index) in \(steps)")
        }
    }

    @Test func aStoreOfTheFirstVersionGetsTheIndexes() async throws {
        try await withFolder { folder in
            let path = folder + "/s.db"
            let queue = try DatabaseQueue(path: path)
            try await queue.write { db in
                try StoreSchema.migrations[0](db)
                try db.execute(sql: "PRAGMA application_id = \(StoreSchema.applicationID); PRAGMA user_version = 1")
                let ids = try db.insert([Fixtures.newJob(), Fixtures.newJob()], accepting: { _, _ in true })
                var leaked = Fixtures.doneAttempt(of: ids[0])
                leaked.teardown = .leaked(["i-1"])
                try db.save(leaked, of: ids[0])
                _ = try db.requestCancel(ids[1], at: Fixtures.now.wall)
            }
            try queue.close()
            let store = try await SQLiteJobStore(path: path)
            #expect(try await store.write { try StoreSchema.version(of: $0) } == 2)
            #expect(try await store.jobs(.unfinished).map(\.id.rawValue) == [1, 2])
            #expect(try await store.wishes() == [.cancel(JobID(rawValue: 2))])
            let early = Fixtures.now.wall
            #expect(
                try await store.write { try Int.fetchOne($0, sql: Self.watchedCount, arguments: [early.rawValue]) } == 1
            )
        }
    }

    private static let watchedCount = """
        SELECT count(*) FROM attempts INDEXED BY attempts_watched WHERE expiry > ? AND phase = 'done'
            AND (teardown = 'leaked' OR instr(state, '"unsettled"') > 0)
        """
}
