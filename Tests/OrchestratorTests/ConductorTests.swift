import Foundation
import MayflyCore
import MayflyTestKit
import Testing

@testable import Orchestrator

@Suite(.serialized) struct ConductorTests {
    @Test func aJobRunsAndItsInstanceIsProvedGone() async throws {
        let world = World()
        let id = try await world.submit(World.job("printf out; printf err >&2; exit 7"))[0]
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .failedUser(exitCode: 7))
        #expect(state.delivery == .complete)
        #expect(state.teardown == .clean)
        let folder = await world.storage.folder(id)
        #expect(await folder.text(of: .stdout) == "out")
        #expect(await folder.text(of: .stderr) == "err")
        #expect(await folder.receipt?.exitCode == 7)
        #expect(await world.cloud.living.isEmpty)
        #expect(await world.faults.discardedKeys.count == 1)
    }

    @Test func aLostAnswerIsSettledByTheListAndNeverAskedAgain() async throws {
        let world = World()
        await world.cloud.failNextCreates(.answerLost)
        let id = try await world.submit(World.job("true"))[0]
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .succeeded)
        #expect(state.number == 1)
        #expect(await world.cloud.created.count == 1)
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func aCreateThatNeverArrivedIsANewAttempt() async throws {
        let world = World()
        await world.cloud.failNextCreates(.requestLost)
        let id = try await world.submit(World.job("true"))[0]
        let job = try await world.reign { _ in try await world.wait(id, "its end") { $0.isFinished } }
        #expect(job.attempts.map(\.outcome) == [.lost, .succeeded])
        #expect(job.attempts[0].objects.map(\.state) == [.unsettled])
        #expect(Set(job.attempts.map(\.identity)).count == 2)
    }

    @Test(arguments: [
        (ProviderError.Kind.capacity, Outcome.failedCapacity), (.refused, .failedCloud), (.account, .failedCloud),
    ])
    func aRefusalEndsTheJobWithNothingToDestroy(kind: ProviderError.Kind, outcome: Outcome) async throws {
        let world = World()
        await world.cloud.failNextCreates(.refused(kind), .refused(kind), .refused(kind))
        let id = try await world.submit(World.job("true"))[0]
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == outcome)
        #expect(state.teardown == .clean)
        #expect(await world.cloud.destroyed.isEmpty)
    }

    @Test func destructionIsRepeatedUntilItIsAccepted() async throws {
        let world = World()
        await world.cloud.failNextDestroys(3)
        let id = try await world.submit(World.job("true"))[0]
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .succeeded)
        #expect(await world.cloud.living.isEmpty)
    }

    @Test(arguments: [(failures: 2, isTaken: true), (failures: 3, isTaken: false)])
    func aFailedSnapshotIsTakenAgain(failures: Int, isTaken: Bool) async throws {
        let world = World()
        await world.cloud.failNextSnapshots(failures)
        var job = World.job("true")
        job.snapshot = SnapshotPolicy(when: .always, name: "kept")
        let id = try await world.submit(job)[0]
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .succeeded)
        #expect(state.delivery == (isTaken ? .complete : .partial), "\(state.warnings)")
        #expect(state.objects.contains { $0.kind == .snapshot && $0.state == .kept } == isTaken)
        #expect(await world.cloud.snapshots.map(\.status) == (isTaken ? [.created] : []), "no failed one is left")
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func aWipedCloudProvesNothing() async throws {
        let world = World()
        await world.cloud.setShowsAnchor(false)
        let id = try await world.submit(World.job("true"))[0]
        try await world.reign { _ in
            let job = try await world.wait(id, "waiting for proof") {
                $0.attempt?.phase.word == "verifying" && $0.attempt?.waitingFor != nil
            }
            #expect(job.attempt?.teardown == .pending)
            await world.cloud.setShowsAnchor(true)
            #expect(try await world.finish(id).teardown == .clean)
        }
    }

    @Test func aCutConnectionLosesAndRepeatsNothing() async throws {
        let world = World()
        await world.faults.cutAfter(200_000)
        let id = try await world.submit(World.job("seq 1 100000"))[0]
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .succeeded)
        #expect(state.delivery == .complete)
        #expect(await world.faults.connections >= 2)
        let expected = (1...100_000).map { "\($0)\n" }.joined()
        #expect(await world.storage.folder(id).text(of: .stdout) == expected)
    }

    @Test func aSettledCancelKillsTheCommand() async throws {
        let world = World()
        let id = try await world.submit(World.job("echo on; exec sleep 1000"))[0]
        try await world.reign { conductor in
            let folder = await world.storage.folder(id)
            try await world.wait(id, "running") { $0.attempt?.commandStarted == true }
            while await folder.text(of: .stdout) != "on\n" { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await world.store.requestCancel(id, at: world.time.now().wall))
            conductor.wake()
            let state = try await world.finish(id)
            #expect(state.outcome == .cancelled)
            #expect(await folder.text(of: .stdout) == "on\n")
        }
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func anSSHThatNeverAnswersEndsByTheProvisionClock() async throws {
        let world = World()
        await world.faults.setRefusesLogin(true)
        let id = try await world.submit(World.job("true", timeouts: Timeouts(provision: .seconds(20))))[0]
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .timedOut(.provision))
        #expect(state.reason?.message.contains("connection refused") == true)
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func anInstanceThatDiesEndsTheJobAsTheCloudsFault() async throws {
        let world = World()
        await world.cloud.setBootsTo(.error)
        let id = try await world.submit(World.job("true"))[0]
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .failedCloud)
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func withoutATokenAJobWaitsAndSaysSo() async throws {
        let world = World()
        await world.supplies.setHasToken(false)
        let id = try await world.submit(World.job("true"))[0]
        try await world.reign { _ in
            let job = try await world.wait(id, "waiting for a token") { $0.waitingFor != nil }
            #expect(job.waitingFor?.contains("mayfly login") == true)
            #expect(await world.cloud.created.isEmpty)
            await world.supplies.setHasToken(true)
            #expect(try await world.finish(id).outcome == .succeeded)
        }
    }

    @Test func aSubmissionsLimitHolds() async throws {
        let world = World()
        let ids = try await world.submit(
            World.job("sleep 0.3"), World.job("sleep 0.3"), World.job("sleep 0.3"), limit: 1)
        try await world.reign { _ in
            var most = 0
            while try await !world.store.jobs(.unfinished).isEmpty {
                most = max(most, await world.cloud.living.count)
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(most == 1)
        }
        for id in ids { #expect(try await world.finish(id).outcome == .succeeded) }
    }
}
