import Foundation
import MayflyCore
import MayflyTestKit
import Testing

@testable import Orchestrator

/// Instances that stay for a while, whoever keeps them.
@Suite(.serialized) struct HoldTests {
    private static func job(_ command: String, look: Duration? = nil, fetch: Duration? = nil) -> JobDefinition {
        var job = World.job(command)
        job.onFailure = look.map(FailurePolicy.init(hold:))
        job.onCollectFailure = fetch.map(CollectFailurePolicy.hold)
        return job
    }

    private func ask(_ wish: HoldWish, _ id: JobID, _ world: World, _ conductor: Conductor) async throws {
        try await world.store.setValue(wish.stored, for: HoldWish.key(id, attempt: 1))
        conductor.wake()
    }

    private static func heldFor(_ state: AttemptState) throws -> Duration {
        let index = try #require(state.spans.firstIndex { $0.phase == "holding" })
        return .milliseconds(try #require(state.spans[index].elapsed))
    }

    @Test func aFailedJobIsHeldAndThenGone() async throws {
        let world = World()
        let id = try await world.submit(Self.job("echo out; exit 7", look: .seconds(60)))[0]
        try await world.reign { _ in
            let job = try await world.wait(id, "the hold") { $0.attempt?.isHeld == true }
            #expect(job.phaseWord == "holding")
            #expect(job.attempt?.delivery == .complete)
            #expect(await world.storage.folder(id).text(of: .stdout) == "out\n")
            #expect(await world.cloud.living.count == 1)
            let state = try await world.finish(id)
            #expect(state.outcome == .failedUser(exitCode: 7) && state.teardown == .clean)
            let held = try Self.heldFor(state)
            #expect(held >= .seconds(60) && held < .seconds(120), "\(held)")
            #expect(
                state.spans.map(\.phase).suffix(5) == [
                    "collecting", "holding", "collecting", "destroying", "verifying",
                ])
            #expect(await world.storage.folder(id).collections == 2)
        }
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func aJobThatSucceedsIsNotHeld() async throws {
        let world = World()
        let id = try await world.submit(Self.job("true", look: .seconds(3600), fetch: .seconds(3600)))[0]
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .succeeded && state.hold == nil)
    }

    /// Three keepers, one hold: it neither begins anew nor ends early.
    @Test func aKeeperThatDiesWhileHoldingIsSucceeded() async throws {
        let world = World(factor: 20)
        let id = try await world.submit(Self.job("exit 7", look: .seconds(60)))[0]
        for _ in 1...3 {
            try await world.reign { _ in
                try await world.wait(id, "the hold") { $0.attempt?.isHeld == true }
                let seen = world.time.now().boot
                try await world.wait(id, "some of it") { _ in seen.duration(to: world.time.now().boot) > .seconds(12) }
            }
        }
        let state = try await world.reign { _ in try await world.finish(id) }
        let held = try Self.heldFor(state)
        #expect(held >= .seconds(60) && held < .seconds(90), "\(held)")
        #expect(state.outcome == .failedUser(exitCode: 7))
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func peopleExtendAndRelease() async throws {
        let world = World()
        let id = try await world.submit(Self.job("exit 7", look: .seconds(30)))[0]
        try await world.reign { conductor in
            let held = try await world.wait(id, "the hold") { $0.attempt?.isHeld == true }
            let end = try #require(held.attempt?.hold).endsAt
            try await ask(.extend(to: end.advanced(by: .seconds(7200))), id, world, conductor)
            try await world.wait(id, "the extension") { $0.attempt?.hold?.endsAt == end.advanced(by: .seconds(7200)) }
        }
        // The wish is durable: whoever keeps now acts on it, also one made while nobody did.
        try await world.reign { _ in
            try await world.wait(id, "more than was asked for at first") {
                $0.attempt?.isHeld == true
                    && $0.attempt?.hold?.began.wall.duration(to: world.time.now().wall) ?? .zero > .seconds(60)
            }
        }
        try await world.store.setValue(HoldWish.release.stored, for: HoldWish.key(id, attempt: 1))
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(try Self.heldFor(state) < .seconds(3600))
        #expect(await world.cloud.living.isEmpty)
        #expect(try await world.store.value(HoldWish.key(id, attempt: 1)) == nil)
    }

    @Test func whatCouldNotBeFetchedIsTriedAgainWhileItIsHeld() async throws {
        let world = World()
        let id = try await world.submit(Self.job("exit 0", fetch: .seconds(3600)))[0]
        await world.storage.folder(id).failNextCollections(3)
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .succeeded && state.delivery == .complete)
        #expect(state.leavesResults == false)
        #expect(!state.objects.contains { $0.kind == .snapshot })
        #expect(try Self.heldFor(state) < .seconds(1800))
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func whatNeverArrivesBecomesASnapshotInTheEnd() async throws {
        let world = World()
        let id = try await world.submit(Self.job("exit 0", fetch: .seconds(60)))[0]
        await world.storage.folder(id).failNextCollections(1000)
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .succeeded && state.delivery == .partial)
        #expect(state.objects.contains { $0.kind == .snapshot && $0.state == .kept && $0.name.hasPrefix("rescue-") })
        #expect(try Self.heldFor(state) >= .seconds(60))
        #expect(await world.cloud.living.isEmpty)
    }

    /// Nobody can log in for longer than the run and the collect clock: the logs are fetched while it is held.
    @Test func logsThatCouldNotBeFetchedArriveWhileItIsHeld() async throws {
        let world = World(factor: 200)
        var job = Self.job("echo on; sleep 0.3; echo off; exit 3", fetch: .seconds(36_000))
        job.timeouts = Timeouts(run: .seconds(600), collect: .seconds(300))
        let id = try await world.submit(job)[0]
        try await world.reign { _ in
            let folder = await world.storage.folder(id)
            while await folder.text(of: .stdout) != "on\n" { try await Task.sleep(for: .milliseconds(2)) }
        }
        await world.faults.setRefusesLogin(true)
        try await world.reign { _ in
            let held = try await world.wait(id, "the hold") { $0.attempt?.isHeld == true }
            #expect(held.attempt?.outcome == .failedConnection)
            await world.faults.setRefusesLogin(false)
            let state = try await world.finish(id)
            #expect(state.outcome == .failedConnection, "an outcome is set once")
            #expect(state.delivery == .complete && state.exitCode == 3)
            #expect(await world.storage.folder(id).text(of: .stdout) == "on\noff\n")
        }
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func anInstanceThatDiesEndsItsHold() async throws {
        let world = World()
        let id = try await world.submit(Self.job("exit 7", look: .seconds(36_000)))[0]
        try await world.reign { _ in
            try await world.wait(id, "the hold") { $0.attempt?.isHeld == true }
            await world.cloud.setStatus(.stopped)
            let state = try await world.finish(id)
            #expect(state.outcome == .failedUser(exitCode: 7))
            #expect(state.warnings.contains { $0.contains("while it was held") })
        }
    }

    @Test func aCancelEndsAHoldAtOnce() async throws {
        let world = World()
        let id = try await world.submit(Self.job("exit 7", look: .seconds(36_000)))[0]
        try await world.reign { conductor in
            try await world.wait(id, "the hold") { $0.attempt?.isHeld == true }
            #expect(try await world.store.requestCancel(id, at: world.time.now().wall))
            conductor.wake()
            #expect(try await world.finish(id).outcome == .failedUser(exitCode: 7))
        }
        #expect(await world.cloud.living.isEmpty)
    }
}
