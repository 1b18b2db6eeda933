import MayflyCore
import MayflyTestKit
import Testing

@testable import Orchestrator

/// Another account's token shows none of this one's instances, and even an anchor of its own: nothing is concluded from it.
@Suite(.serialized) struct OtherAccountTests {
    @Test func aCreateWhoseAnswerWasLostIsNotSettledByAnotherAccount() async throws {
        let world = World()
        await world.cloud.failNextCreates(.answerLost)
        let id = try await world.submit(World.job("true"))[0]
        await world.cloud.setAsksAsAnother(true)
        try await world.reign { _ in
            // The other account's own key is on record by now; only the attempt's own counts.
            try await world.wait(id, "its request") { $0.attempt?.witness == "anchor" }
            await world.cloud.replaceRecordedAnchor()
            let job = try await world.wait(id, "the wait for the right account") {
                $0.attempt?.waitingFor == Reason.anchorMissing.message
            }
            #expect(job.attempt?.phase == .creating)
            await world.cloud.setAsksAsAnother(false)
            let state = try await world.finish(id)
            #expect(state.outcome == .succeeded && state.number == 1)
        }
        #expect(await world.cloud.created.count == 1)
        #expect(await world.cloud.living.isEmpty)
    }

    @Test(arguments: ["booting", "running", "verifying"])
    func nothingIsDeclaredGone(phase: String) async throws {
        let world = World()
        if phase == "booting" { await world.cloud.setBootsTo(.creating) }
        if phase == "verifying" { await world.cloud.failNextDestroys(3) }
        let job = World.job(
            phase == "running" ? "while [ -d \(world.root) ] && [ ! -e \(world.root)/go ]; do sleep 0.05; done" : "true"
        )
        let id = try await world.submit(job)[0]
        try await world.reign { conductor in
            try await world.wait(id, phase) {
                $0.attempt?.phase.word == (phase == "verifying" ? "destroying" : phase)
                    && (phase != "running" || $0.attempt?.commandStarted == true)
            }
            await world.cloud.setAsksAsAnother(true)
            await world.cloud.replaceRecordedAnchor()
            if phase == "running" {
                // Cut off from the instance, its word is asked for.
                await world.faults.setRefusesLogin(true)
                await world.faults.cutAfter(0)
                try world.touch("go")
            }
            try await world.wait(id, "the wait for the right account") {
                $0.attempt?.waitingFor?.contains("anchor") == true
            }
            let told = try #require(try await world.store.job(id)?.attempt)
            #expect(!told.isDone && told.teardown == .pending)
            #expect(await world.cloud.living.count == 1)
            await world.cloud.setAsksAsAnother(false)
            await world.cloud.setStatus(.active)
            await world.faults.setRefusesLogin(false)
            let state = try await world.finish(id)
            #expect(state.outcome == .succeeded && state.teardown == .clean)
        }
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func aSnapshotIsNotGivenUpForAnotherAccountsRefusal() async throws {
        let world = World()
        await world.cloud.refuseSnapshots(true)
        var job = World.job("true")
        job.snapshot = SnapshotPolicy(when: .always, name: "kept")
        let id = try await world.submit(job)[0]
        try await world.reign { _ in
            await world.cloud.setAsksAsAnother(false)
            try await world.wait(id, "connecting") { $0.attempt?.phase.word != "queued" }
            await world.cloud.setShowsAnchor(false)
            try await world.wait(id, "the wait for the right account") {
                $0.attempt?.phase.word == "snapshotting"
                    && $0.attempt?.waitingFor == Reason.anchorMissing.message
            }
            await world.cloud.refuseSnapshots(false)
            await world.cloud.setShowsAnchor(true)
            let state = try await world.finish(id)
            #expect(state.objects.contains { $0.kind == .snapshot && $0.state == .kept })
        }
    }
}
