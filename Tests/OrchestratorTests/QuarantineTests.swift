import MayflyCore
import MayflyTestKit
import Testing

@testable import Orchestrator

/// A machine whose bytes crash the keeper is found among others, and harms none of them.
@Suite(.serialized) struct QuarantineTests {
    /// Lets keeper after keeper die of the guilty machine until one lives to the job's end.
    /// - Returns: how many died.
    private func generations(
        _ world: World, until id: JobID, afterCrash: Bool = true, most: Int = 12
    ) async throws -> Int {
        var deaths = 0
        while deaths < most {
            let died = try await world.reign(afterCrash: deaths > 0 && afterCrash) { _ in
                while true {
                    if await world.faults.takeCrash() {
                        // Nothing of a dead process reaches the store any more.
                        world.store.setFault { _ in JobStoreError(code: .failed, message: "the process is dead") }
                        return true
                    }
                    if try await world.store.job(id)?.isFinished == true { return false }
                    try await Task.sleep(for: .milliseconds(2))
                }
            }
            world.store.setFault(nil)
            guard died else { return deaths }
            deaths += 1
        }
        return deaths
    }

    private func running(
        _ world: World, _ count: Int, snapshot: SnapshotPolicy.When = .never
    ) async throws -> [JobID] {
        var job = World.job("while [ -d \(world.root) ] && [ ! -e \(world.root)/go ]; do sleep 0.05; done; echo done")
        job.snapshot.when = snapshot
        var ids: [JobID] = []
        for _ in 0..<count { ids += try await world.submit(job, limit: 100) }
        try await world.reign { _ in
            for id in ids { try await world.wait(id, "running") { $0.attempt?.commandStarted == true } }
        }
        return ids
    }

    @Test(arguments: [1, 3], [SnapshotPolicy.When.never, .always])
    func theGuiltyOneIsLeftAloneAndAllOthersGoOn(count: Int, snapshot: SnapshotPolicy.When) async throws {
        let world = World(factor: 20)
        let ids = try await running(world, count, snapshot: snapshot)
        let guilty = ids[count / 2]
        await world.faults.setCrashesKeeper(guilty)
        // One death accuses all that were being attached to; alone, a machine has two.
        let deaths = try await generations(world, until: guilty)
        #expect(deaths == (count == 1 ? 2 : 3))
        #expect(await world.faults.crashes == deaths, "nobody logs in to it any more")
        let state = try #require(try await world.store.job(guilty)?.attempt)
        #expect(state.outcome == .failedConnection && state.reason?.code == "quarantined")
        #expect(state.delivery == .partial && state.teardown == .clean)
        #expect(state.objects.contains { $0.kind == .snapshot && $0.state == .kept }, "what it holds is kept")

        try world.touch("go")
        try await world.reign { _ in
            try await succeed(world, ids.filter { $0 != guilty })
            for id in ids where id != guilty {
                #expect(await world.storage.folder(id).text(of: .stdout) == "done\n")
            }
        }
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func aMachineThatCrashesAtTheFirstLoginIsFoundByItsPhase() async throws {
        let world = World(factor: 20)
        let id = try await world.submit(World.job("true"))[0]
        await world.faults.setCrashesKeeper(id)
        #expect(try await generations(world, until: id) == 2)
        let state = try #require(try await world.store.job(id)?.attempt)
        #expect(state.reason?.code == "quarantined" && !state.commandStarted && state.delivery == .none)
        #expect(await world.cloud.living.isEmpty)
    }

    /// Long after each login: the crashing thread names it, and nobody else waits.
    @Test func aMachineThatCrashesTheKeeperAtAnyLaterMomentIsLeftAlone() async throws {
        let world = World(factor: 20)
        let ids = try await running(world, 3)
        let guilty = try #require(try await world.store.job(ids[1])?.attempt?.identity.description)
        for _ in 1...2 {
            try await world.reign(afterCrash: true, over: [guilty]) { _ in
                let began = world.time.now().boot
                try await world.wait(ids[1], "long attached") { _ in
                    began.duration(to: world.time.now().boot) > AttachGate.trial * 3
                }
            }
        }
        try await world.reign(afterCrash: true, over: [guilty]) { _ in
            let state = try await world.finish(ids[1])
            #expect(state.outcome == .failedConnection && state.reason?.code == "quarantined")
            try world.touch("go")
            try await succeed(world, [ids[0], ids[2]])
        }
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func keepersThatArePutToDeathAccuseNobody() async throws {
        let world = World(factor: 20)
        let ids = try await running(world, 2)
        await world.faults.setCrashesKeeper(ids[0])
        #expect(try await generations(world, until: ids[0], afterCrash: false, most: 6) == 6)
        await world.faults.setCrashesKeeper(nil)
        try world.touch("go")
        try await world.reign { _ in
            try await succeed(world, ids)
        }
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func aCrashForAnotherReasonAccusesNobodyForLong() async throws {
        let world = World(factor: 20)
        let ids = try await running(world, 3)
        // The keeper dies of something else while it attaches to all of them.
        try await world.store.setValue(
            ledger(attaching: try await hostnames(world)).text, for: AttachLedger.storedUnder)
        try world.touch("go")
        try await world.reign(afterCrash: true) { _ in
            try await succeed(world, ids)
        }
        let left = AttachLedger(text: try await world.store.value(AttachLedger.storedUnder) ?? "")
        #expect(left.attaching.isEmpty && left.crashes.isEmpty)
        #expect(await world.cloud.living.isEmpty)
    }

    private func succeed(_ world: World, _ ids: [JobID]) async throws {
        for id in ids {
            let state = try await world.finish(id)
            #expect(state.outcome == .succeeded)
        }
    }

    private func hostnames(_ world: World) async throws -> [String] {
        try await world.store.jobs(.unfinished).compactMap { $0.attempt?.identity.description }
    }

    private func ledger(attaching hostnames: [String]) -> AttachLedger {
        var ledger = AttachLedger()
        ledger.begin(hostnames)
        return ledger
    }
}
