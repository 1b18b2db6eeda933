import MayflyCore

/// One keeper's way to the store's file.
final class SimulatedStore: JobStore, @unchecked Sendable {
    private let keeper: KeeperProcess
    private var disk: SimulatedDisk { keeper.world.disk }

    init(keeper: KeeperProcess) { self.keeper = keeper }

    private func commit<Value>(
        _ name: StaticString, _ subject: Int, _ body: @escaping () throws -> Value
    ) async throws -> Value {
        try await keeper.effect(name, subject) { [world = keeper.world] in
            if world.failsCommit() {
                world.note("commit failed")
                throw JobStoreError(code: .failed, message: "simulated: the disk is full")
            }
            return try body()
        }
    }

    private func read<Value>(_ body: () throws -> Value) async throws -> Value {
        try await keeper.pass()
        return try body()
    }

    func installation(fresh: String) async throws -> String {
        try await read { disk.installation(fresh: fresh) }
    }

    func submit(
        _ jobs: [NewJob], accepting accepts: @escaping @Sendable (NewJob, JobID) throws -> Bool
    ) async throws -> [JobID] {
        try await commit("store.submit", jobs.count) { [disk] in try disk.submit(jobs, accepting: accepts) }
    }

    func job(_ id: JobID) async throws -> JobRecord? { try await read { try disk.job(id) } }

    func jobs(_ filter: JobFilter) async throws -> [JobRecord] { try await read { disk.jobs(filter) } }

    func unreadableJobs(_ filter: JobFilter) async throws -> [UnreadableJob] {
        try await read { disk.unreadableJobs(filter) }
    }

    func wishes() async throws -> [JobWish] { try await read { disk.wishes() } }

    func requestCancel(_ id: JobID, at time: WallTime) async throws -> Bool {
        try await commit("store.cancel", Int(id.rawValue)) { [disk] in disk.requestCancel(id, at: time) }
    }

    func moveResults(_ id: JobID, to parent: String) async throws -> Bool {
        try await commit("store.results", Int(id.rawValue)) { [disk] in disk.moveResults(id, to: parent) }
    }

    func beginReign(owner: String, at time: WallTime) async throws -> FencingToken {
        try await read { disk.beginReign(owner: owner) }
    }

    func setWaiting(_ id: JobID, for reason: String?, token: FencingToken) async throws {
        try await commit("store.waiting", Int(id.rawValue)) { [disk] in
            try disk.setWaiting(id, for: reason, token: token)
        }
    }

    func save(_ state: AttemptState, of id: JobID, token: FencingToken) async throws {
        try await commit("store.save", Int(id.rawValue)) { [disk, world = keeper.world] in
            try disk.save(state, of: id, token: token)
            world.note(
                "saved", Int(id.rawValue), state.number,
                "job \(id) attempt \(state.number): \(state.phase) outcome \(state.outcome?.word ?? "-") "
                    + "\(state.waitingFor ?? "")")
        }
    }

    func finish(_ id: JobID, at time: WallTime, token: FencingToken) async throws {
        try await commit("store.finish", Int(id.rawValue)) { [disk] in try disk.finish(id, at: time, token: token) }
    }

    func value(_ key: String) async throws -> String? { try await read { disk.value(key) } }

    func setValue(_ value: String?, for key: String) async throws {
        try await commit("store.fact", 0) { [disk] in disk.setValue(value, for: key) }
    }

    func changeCounter() async throws -> Int64 { try await read { disk.changeCounter } }
}
