import Foundation
import MayflyCore
import MayflyTestKit
import Testing

@testable import Orchestrator

/// The ten places at which whoever creates one paid machine can die, by their customary numbers; S (gone for ever) is
/// `ExpiryTests` on the instance's side. Each crash is exactly there, and the next keeper brings the job to its end.
@Suite(.serialized) struct CrashPointTests {
    /// A keeper dies at `death`, another goes on.
    private func cross(
        _ death: String, _ world: DurableWorld = DurableWorld(), isAnchored: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation, between: () async throws -> Void = {}
    ) async throws -> JobRecord {
        if isAnchored { _ = try await world.cloud.ensureAnchor() }
        let id = try await world.submit(world.job())
        let first = Life(until: death)
        try await world.reign(first, id, sourceLocation: sourceLocation)
        #expect(first.moments.last == death, "it died elsewhere", sourceLocation: sourceLocation)
        try await between()
        let job = try await world.reign(Life(), id, sourceLocation: sourceLocation)
        await world.expectPerfect(job, death, sourceLocation: sourceLocation)
        return job
    }

    @Test(arguments: ["> begin reign", "> read jobs", "> folder", "< store creating"])
    func `0: nothing was written`(death: String) async throws {
        let world = DurableWorld()
        let job = try await cross(death, world) { #expect(await world.cloud.created.isEmpty) }
        #expect(job.attempts.count == 1)
    }

    /// Nothing was sent, and whoever was about to is fenced before it could: the same attempt goes on.
    @Test func `1: the intent was committed, the anchor was not`() async throws {
        let world = DurableWorld()
        let job = try await cross("> store creating", world) { #expect(await world.cloud.created.isEmpty) }
        #expect(job.attempts.count == 1)
        #expect(await world.cloud.created.count == 1)
    }

    @Test(arguments: ["> keys", "< create"])
    func `1: the intent was committed`(death: String) async throws {
        let world = DurableWorld()
        let job = try await cross(death, world) { #expect(await world.cloud.created.isEmpty) }
        // Listed by name after the lag; only then may another be asked for, under another name.
        #expect(job.attempts.map(\.outcome) == [.lost, .failedUser(exitCode: 3)])
        #expect(await world.cloud.created.count == 1)
    }

    @Test func `1: the intent was committed, and this home never asked for anything`() async throws {
        let job = try await cross("> store creating", isAnchored: false)
        #expect(job.attempts.count == 1, "without an anchor on record nothing was sent, so nothing has to be settled")
    }

    @Test(arguments: [0, 1, 3])
    func `2: the request was sent, no answer came, it arrived`(blindLists: Int) async throws {
        let world = DurableWorld(listingLag: .seconds(3600))
        await world.cloud.failNextCreates(.answerLost)
        let job = try await cross("< list", world) {
            #expect(await world.cloud.created.count == 1)
            await world.cloud.hideFromNextLists(blindLists)
        }
        #expect(job.attempts.count == 1, "an instance that the list shows late is adopted, not replaced")
        #expect(await world.cloud.created.count == 1)
    }

    @Test func `2: the request was sent, no answer came, it never arrived`() async throws {
        let world = DurableWorld()
        await world.cloud.failNextCreates(.requestLost)
        let job = try await cross("< list", world)
        #expect(job.attempts.map(\.outcome) == [.lost, .failedUser(exitCode: 3)])
    }

    @Test func `3: the answer came, the id was not committed`() async throws {
        let world = DurableWorld()
        let job = try await cross("> create", world) { #expect(await world.cloud.created.count == 1) }
        #expect(job.attempts.count == 1)
        #expect(await world.cloud.created.count == 1)
    }

    @Test func `3: the answer came, and the instance has a twin`() async throws {
        let world = DurableWorld()
        let job = try await cross("> create", world) { await world.cloud.doubleAll() }
        #expect(job.attempts.count == 1)
        #expect(await world.cloud.destroyed.count == 2, "of two with one identity one is kept, the other destroyed")
    }

    @Test func `4: the id was committed, SSH never comes up`() async throws {
        let world = DurableWorld()
        await world.faults.setRefusesLogin(true)
        let limit = Duration.seconds(120)
        var definition = world.job(timeouts: Timeouts(provision: limit))
        definition.retry = RetryPolicy(attempts: 1)
        let id = try await world.submit(definition)
        let first = Life(until: "> store booting")
        try await world.reign(first, id)
        #expect(first.isDead)
        // Nobody is there until the clock is long over; it is not begun again by whoever comes then.
        try await world.time.sleep(for: limit)
        let back = world.time.now().boot
        let job = try await world.reign(Life(), id)
        #expect(job.attempt?.outcome == .timedOut(.provision))
        #expect(job.attempt?.teardown == .clean)
        #expect(back.duration(to: world.time.now().boot) < limit)
        #expect(world.timesRun == 0)
        await world.expectNothingLeft(job, "4")
    }

    @Test(arguments: ["> store running", "< answer of start run", "< store running, started", "< append stdout"])
    func `5: the command was started, that was not recorded`(death: String) async throws {
        _ = try await cross(death)
    }

    @Test(arguments: [
        "> append stdout", "> start run", "< answer of wait run", "> wait run", "> seal stdout", "< store collecting",
    ])
    func `6: the command ended, its result was not stored`(death: String) async throws {
        let world = DurableWorld()
        _ = try await cross(death, world) { #expect(world.timesRun == 1) }
    }

    @Test(arguments: ["> store destroying", "< destroy"])
    func `7: the destroy was committed, not sent`(death: String) async throws {
        let world = DurableWorld()
        _ = try await cross(death, world) { #expect(await world.cloud.living.count == 1) }
    }

    @Test(arguments: ["> destroy", "< store verifying", "> store verifying", "> absence", "< store done"])
    func `8: the destroy was accepted, not confirmed`(death: String) async throws {
        let world = DurableWorld()
        _ = try await cross(death, world) { #expect(await world.cloud.destroyed.count == 1) }
    }

    @Test(arguments: ["> store done", "> receipt", "> discard keys", "< store finished", "> store finished"])
    func `9: the row was closed`(death: String) async throws {
        _ = try await cross(death)
    }

    /// The sweep of this home's own lost creates; `SweepTests` and `mayfly gc` have what nobody knows any more.
    @Test func `9: the row was closed, and an instance turns up that was given up`() async throws {
        let world = DurableWorld()
        await world.cloud.failNextCreates(.requestLost)
        let job = try await cross("> store finished", world)
        #expect(job.attempts.map(\.outcome) == [.lost, .failedUser(exitCode: 3)])
        await world.cloud.deliverLostRequests()
        #expect(await world.cloud.living.count == 1)
        let third = Life()
        let watch = Task { try await world.reign(third, job.id) { _ in false } }
        try await world.eventually("the late instance is gone") { await world.cloud.living.isEmpty }
        third.die()
        _ = try await watch.value
        #expect(world.timesRun == 1)
    }

    /// Not the ten only: the moments that a whole history of this job goes through, with a crash exactly there. Some of
    /// them here, at fixed distances; all with `MAYFLY_EXHAUSTIVE=1` (minutes).
    @Test func everyMoment() async throws {
        let whole = DurableWorld()
        _ = try await whole.cloud.ensureAnchor()
        let life = Life()
        let job = try await whole.reign(life, try await whole.submit(whole.job()))
        await whole.expectPerfect(job, "no crash")
        // Reads change nothing: dying after one is dying before what comes next.
        let moments = life.moments.filter { !$0.hasPrefix("> read") && !$0.hasPrefix("> length") }.dropFirst()
        #expect(moments.count > 60, "\(moments)")
        for (number, death) in moments.enumerated() where number % Exhaustive.stride(8) == 5 % Exhaustive.stride(8) {
            let world = DurableWorld()
            _ = try await world.cloud.ensureAnchor()
            let id = try await world.submit(world.job())
            try await world.reign(Life(until: death), id)
            // And the next one dies too, where it comes to the same moment again.
            try await world.reign(Life(until: death), id)
            await world.expectPerfect(try await world.reign(Life(), id), death)
        }
    }
}

/// Whether an enumeration is to be gone through whole, which takes minutes, or at fixed distances.
enum Exhaustive {
    static let isAsked = ProcessInfo.processInfo.environment["MAYFLY_EXHAUSTIVE"] == "1"

    static func stride(_ usual: Int) -> Int { isAsked ? 1 : usual }
}
