import Foundation
import MayflyCore
import MayflyTestKit
import Testing

@testable import Orchestrator

/// A keeper dies in a phase; the next one settles the last intent and goes on. Nothing runs twice, nothing is lost.
@Suite(.serialized) struct SuccessionTests {
    @Test(arguments: ["creating", "connecting", "preparing", "running", "destroying", "verifying"])
    func anotherKeeperGoesOn(after phase: String) async throws {
        let world = World(factor: 20)
        let count = world.root + "/runs"
        let id = try await world.submit(
            World.job("echo ran >> \(count); for i in 1 2 3 4 5 6; do echo $i; sleep 0.05; done"))[0]
        switch phase {
        case "connecting": await world.faults.setRefusesLogin(true)
        case "destroying": await world.cloud.failNextDestroys(1000)
        case "verifying": await world.cloud.setShowsAnchor(false)
        default: break
        }
        try await world.reign { _ in
            try await world.wait(id, phase) {
                $0.attempt?.phase.word == phase || Self.isPast($0, phase)
            }
        }
        await world.faults.setRefusesLogin(false)
        await world.cloud.failNextDestroys(0)
        await world.cloud.setShowsAnchor(true)
        let job = try await world.reign { _ in try await world.wait(id, "its end") { $0.isFinished } }
        let state = try #require(job.attempt)
        #expect(state.outcome == .succeeded)
        #expect(state.delivery == .complete)
        #expect(state.teardown == .clean)
        #expect(await world.cloud.living.isEmpty)
        #expect(await world.storage.folder(id).text(of: .stdout) == "1\n2\n3\n4\n5\n6\n")
        #expect(try String(contentsOfFile: count, encoding: .utf8) == "ran\n")
    }

    /// A phase may be over before it is looked at; dying later is as good a test.
    private static func isPast(_ job: JobRecord, _ phase: String) -> Bool {
        job.attempt?.spans.contains { $0.phase == phase && $0.elapsed != nil } == true
    }

    /// One that is merely stopped is fenced when it would put the anchor on record, and posts nothing: the attempt goes on.
    @Test func aKeeperThatDiedBeforeTheFirstCreateOfAHomeLeavesNothingToSettle() async throws {
        let world = World()
        let id = try await world.submit(World.job("echo ran"))[0]
        // The intent is on record, and that is all that ever happened.
        var attempt = Fixtures.attempt(of: id)
        attempt.expiry = world.time.now().wall.advanced(by: .seconds(86_400))
        var machine = AttemptMachine(state: attempt, definition: World.job("echo ran"))
        _ = machine.apply(.began, at: world.time.now())
        let intended = machine.state
        let token = try await world.store.beginReign(owner: "old", at: world.time.now().wall)
        try await world.store.save(intended, of: id, token: token)
        let job = try await world.reign { _ in try await world.wait(id, "its end") { $0.isFinished } }
        #expect(job.attempts.map(\.outcome) == [.succeeded])
        #expect(await world.cloud.created == job.attempts.map(\.identity.description))
    }

    @Test func anOldKeeperCannotWriteOnceAnotherReigns() async throws {
        let world = World()
        let old = try await world.store.beginReign(owner: "old", at: world.time.now().wall)
        let id = try await world.submit(World.job("true"))[0]
        _ = try await world.store.beginReign(owner: "new", at: world.time.now().wall)
        await #expect(throws: JobStoreError.self) {
            try await world.store.save(Fixtures.attempt(of: id), of: id, token: old)
        }
    }
}
