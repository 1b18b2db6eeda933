import Foundation
import MayflyCore
import MayflyTestKit
import Synchronization
import Testing

@testable import Orchestrator

/// The store fails at its Nth operation, for every N of a whole job: as the orchestrator calls it, and below SQLite as its
/// files are written. At fixed distances here; `MAYFLY_EXHAUSTIVE=1` goes through all of them (minutes).
@Suite(.serialized) struct StoreFaultTests {
    /// One keeper lives through it: nobody has to die for a disk that was full for a moment.
    @Test(arguments: [FailingStore.Moment.before, .after])
    func everyCall(moment: FailingStore.Moment) async throws {
        let count = try await withWorld { world, id in
            let store = FailingStore(inner: try await world.openStore(), failing: nil, moment)
            await world.expectPerfect(try await world.reign(Life(), id, store: store), "no fault")
            return store.calls
        }
        #expect(count > 20)
        for call in Self.numbers(to: count, usual: 12) {
            try await withWorld { world, id in
                let store = FailingStore(inner: try await world.openStore(), failing: call, moment)
                var job = try await world.reign(Life(), id, store: store)
                // One that could not even begin is followed by the next.
                if !job.isFinished { job = try await world.reign(Life(), id) }
                await world.expectPerfect(job, "call \(call) failed \(moment) its effect")
            }
        }
    }

    /// The same keeper goes on when the trouble is over.
    @Test func everyWriteBelowSQLite() async throws {
        let count = try await countOperations()
        for operation in Self.numbers(to: count, usual: 16) {
            let fault = FaultyDisk.Fault.allCases[operation % FaultyDisk.Fault.allCases.count]
            try await withDisk { world, disk, id in
                disk.arm(failing: operation, fault)
                var job = try await world.reign(Life(), id)
                if !job.isFinished { job = try await world.reign(Life(), id) }
                await world.expectPerfect(job, "operation \(operation): \(fault)")
            }
        }
    }

    /// Nothing can be written any more, the keeper dies over it, and the next one finds the disk mended.
    @Test func aDiskThatStaysBroken() async throws {
        let count = try await countOperations()
        for operation in Self.numbers(to: count, usual: 16) {
            let fault = FaultyDisk.Fault.allCases[operation % FaultyDisk.Fault.allCases.count]
            try await withDisk { world, disk, id in
                let life = Life()
                let hasHit = Mutex(false)
                disk.arm(failing: operation, fault, stays: true) { hasHit.withLock { $0 = true } }
                let job = try await world.reign(life, id) { job in
                    job.isFinished || hasHit.withLock { $0 }
                }
                let started = await world.cloud.created.count
                #expect(hasHit.withLock { $0 } || job.isFinished)
                #expect(started <= job.attempts.count, "nothing was asked for that is not on record")
                disk.heal()
                await world.expectPerfect(try await world.reign(Life(), id), "operation \(operation) on: \(fault)")
            }
        }
    }

    /// The power goes at an operation: the keeper is dead, what was not flushed is lost, whole, in part or in another
    /// order, and the cloud and the host went on. What SQLite called committed is there.
    @Test func aPowerCutAtEveryWrite() async throws {
        let count = try await countOperations()
        for operation in Self.numbers(to: count, usual: 12) {
            let cut = FaultyDisk.Cut.allCases[operation / Exhaustive.stride(12) % FaultyDisk.Cut.allCases.count]
            try await withDisk { world, disk, id in
                let life = Life()
                let copy = world.base.root + "/recovered.db"
                disk.arm(failing: operation, .writeError, stays: true) {
                    life.die()
                    do { try disk.copy(world.storePath, after: cut, to: copy) } catch { Issue.record(error) }
                }
                try await world.reign(life, id)
                // A job that was over before has no such operation.
                guard FileManager.default.fileExists(atPath: copy) else { return }
                disk.heal()
                let job = try await world.reign(Life(), id, storePath: copy)
                await world.expectPerfect(job, "power cut at operation \(operation), of the unflushed: \(cut)")
            }
        }
    }

    // MARK: Worlds

    private static func numbers(to count: Int, usual: Int) -> [Int] {
        let stride = Exhaustive.stride(usual)
        return (1...count).filter { $0 % stride == 1 % stride }
    }

    private func withWorld<Result>(_ body: (DurableWorld, JobID) async throws -> Result) async throws -> Result {
        let world = DurableWorld()
        _ = try await world.cloud.ensureAnchor()
        return try await body(world, try await world.submit(world.job()))
    }

    private func withDisk(_ body: (DurableWorld, FaultyDisk, JobID) async throws -> Void) async throws {
        let world = DurableWorld()
        let disk = FaultyDisk(folder: world.base.root)
        defer { disk.remove() }
        _ = try await world.cloud.ensureAnchor()
        try await body(world, disk, try await world.submit(world.job()))
    }

    private func countOperations() async throws -> Int {
        let count = Mutex(0)
        try await withDisk { world, disk, id in
            disk.arm()
            await world.expectPerfect(try await world.reign(Life(), id), "no fault")
            count.withLock { $0 = disk.operations }
        }
        let operations = count.withLock { $0 }
        #expect(operations > 40, "\(operations)")
        return operations
    }
}

/// Fails one of its calls, before its effect or after it: an answer that says "failed" may come of a commit.
final class FailingStore: JobStore {
    enum Moment: String, CaseIterable, Sendable { case before, after }

    private let inner: any JobStore
    private let failing: Int?
    private let moment: Moment
    private let count = Mutex(0)

    init(inner: any JobStore, failing: Int?, _ moment: Moment) {
        self.inner = inner
        self.failing = failing
        self.moment = moment
    }

    var calls: Int { count.withLock { $0 } }

    private func call<Result>(_ body: () async throws -> Result) async throws -> Result {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let isHit = number == failing
        let error = JobStoreError(code: .failed, message: "scripted: call \(number) fails")
        if isHit, moment == .before { throw error }
        let result = try await body()
        if isHit { throw error }
        return result
    }

    func installation(fresh: String) async throws -> String {
        try await call { try await inner.installation(fresh: fresh) }
    }
    func submit(
        _ jobs: [NewJob], accepting accepts: @escaping @Sendable (NewJob, JobID) throws -> Bool
    ) async throws -> [JobID] { try await call { try await inner.submit(jobs, accepting: accepts) } }
    func job(_ id: JobID) async throws -> JobRecord? { try await call { try await inner.job(id) } }
    func jobs(_ filter: JobFilter) async throws -> [JobRecord] { try await call { try await inner.jobs(filter) } }
    func wishes() async throws -> [JobWish] { try await call { try await inner.wishes() } }
    func requestCancel(_ id: JobID, at time: WallTime) async throws -> Bool {
        try await call { try await inner.requestCancel(id, at: time) }
    }
    func moveResults(_ id: JobID, to parent: String) async throws -> Bool {
        try await call { try await inner.moveResults(id, to: parent) }
    }
    func beginReign(owner: String, at time: WallTime) async throws -> FencingToken {
        try await call { try await inner.beginReign(owner: owner, at: time) }
    }
    func setWaiting(_ id: JobID, for reason: String?, token: FencingToken) async throws {
        try await call { try await inner.setWaiting(id, for: reason, token: token) }
    }
    func save(_ state: AttemptState, of id: JobID, token: FencingToken) async throws {
        try await call { try await inner.save(state, of: id, token: token) }
    }
    func finish(_ id: JobID, at time: WallTime, token: FencingToken) async throws {
        try await call { try await inner.finish(id, at: time, token: token) }
    }
    func value(_ key: String) async throws -> String? { try await call { try await inner.value(key) } }
    func setValue(_ value: String?, for key: String) async throws {
        try await call { try await inner.setValue(value, for: key) }
    }
    func changeCounter() async throws -> Int64 { try await call { try await inner.changeCounter() } }
}
