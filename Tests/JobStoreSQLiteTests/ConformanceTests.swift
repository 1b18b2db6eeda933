import JobStoreSQLite
import MayflyCore
import MayflyTestKit
import Testing

@Suite struct ConformanceTests {
    @Test("SQLite", arguments: JobStoreConformance.checks)
    func sqlite(_ check: JobStoreConformance.Check) async throws {
        try await withFolder { folder in
            try await check.run(on: try await SQLiteJobStore(path: folder + "/store.db"))
        }
    }

    @Test("memory", arguments: JobStoreConformance.checks)
    func memory(_ check: JobStoreConformance.Check) async throws {
        try await check.run(on: MemoryJobStore())
    }

    @Test func theSuiteCanFail() async throws {
        var failed: [String] = []
        for check in JobStoreConformance.checks {
            do { try await check.run(on: ForgetfulStore()) } catch { failed.append(check.name) }
        }
        #expect(failed.count > JobStoreConformance.checks.count / 2, "a store that keeps nothing fails most checks")
    }

    @Test func aFaultWritesNothing() async throws {
        let store = MemoryJobStore()
        store.setFault { $0 == .submit ? JobStoreError(code: .failed, message: "disk full") : nil }
        await #expect(throws: JobStoreError.self) { try await store.submit([Fixtures.newJob()]) }
        store.setFault(nil)
        #expect(try await store.jobs(.all).isEmpty)
    }
}

/// Accepts everything and keeps nothing.
private struct ForgetfulStore: JobStore {
    func installation(fresh: String) async throws -> String { fresh }
    func submit(
        _ jobs: [NewJob], accepting accepts: @escaping @Sendable (NewJob, JobID) throws -> Bool
    ) async throws -> [JobID] { jobs.map { _ in JobID(rawValue: 1) } }
    func job(_ id: JobID) async throws -> JobRecord? { nil }
    func jobs(_ filter: JobFilter) async throws -> [JobRecord] { [] }
    func wishes() async throws -> [JobWish] { [] }
    func requestCancel(_ id: JobID, at time: WallTime) async throws -> Bool { true }
    func moveResults(_ id: JobID, to parent: String) async throws -> Bool { true }
    func beginReign(owner: String, at time: WallTime) async throws -> FencingToken { FencingToken(rawValue: 1) }
    func setWaiting(_ id: JobID, for reason: String?, token: FencingToken) async throws {}
    func save(_ state: AttemptState, of id: JobID, token: FencingToken) async throws {}
    func finish(_ id: JobID, at time: WallTime, token: FencingToken) async throws {}
    func value(_ key: String) async throws -> String? { nil }
    func setValue(_ value: String?, for key: String) async throws {}
    func changeCounter() async throws -> Int64 { 0 }
}
