import MayflyCore
import MayflyTestKit
import Testing

@testable import Simulation

/// The simulated store has the durable store's rules.
@Suite struct DiskTests {
    @Test("the store's rules", arguments: JobStoreConformance.checks)
    func rules(_ check: JobStoreConformance.Check) async throws {
        try await check.run(on: DirectStore())
    }
}

/// The file without a keeper in between. A simulation has one thread; the checks have several, hence an actor.
private actor DirectStore: JobStore {
    private let disk = SimulatedDisk { _ in }

    func installation(fresh: String) async throws -> String { disk.installation(fresh: fresh) }
    func submit(
        _ jobs: [NewJob], accepting accepts: @escaping @Sendable (NewJob, JobID) throws -> Bool
    ) async throws -> [JobID] { try disk.submit(jobs, accepting: accepts) }
    func job(_ id: JobID) async throws -> JobRecord? { try disk.job(id) }
    func jobs(_ filter: JobFilter) async throws -> [JobRecord] { disk.jobs(filter) }
    func wishes() async throws -> [JobWish] { disk.wishes() }
    func requestCancel(_ id: JobID, at time: WallTime) async throws -> Bool { disk.requestCancel(id, at: time) }
    func moveResults(_ id: JobID, to parent: String) async throws -> Bool { disk.moveResults(id, to: parent) }
    func beginReign(owner: String, at time: WallTime) async throws -> FencingToken { disk.beginReign(owner: owner) }
    func setWaiting(_ id: JobID, for reason: String?, token: FencingToken) async throws {
        try disk.setWaiting(id, for: reason, token: token)
    }
    func save(_ state: AttemptState, of id: JobID, token: FencingToken) async throws {
        try disk.save(state, of: id, token: token)
    }
    func finish(_ id: JobID, at time: WallTime, token: FencingToken) async throws {
        try disk.finish(id, at: time, token: token)
    }
    func value(_ key: String) async throws -> String? { disk.value(key) }
    func setValue(_ value: String?, for key: String) async throws { disk.setValue(value, for: key) }
    func changeCounter() async throws -> Int64 { disk.changeCounter }
}
