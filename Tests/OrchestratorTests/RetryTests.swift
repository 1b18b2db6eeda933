import Foundation
import MayflyCore
import MayflyTestKit
import Testing

@testable import Orchestrator

/// Attempts that follow one another, whoever keeps.
@Suite(.serialized) struct RetryTests {
    private static func flaky(_ root: String, backoff: Duration = .seconds(20)) -> JobDefinition {
        var job = World.job("echo try $MAYFLY_ATTEMPT; echo ran >> \(root)/runs; [ $MAYFLY_ATTEMPT = 2 ] || exit 75")
        job.retry = RetryPolicy(exitCodes: [75], backoff: backoff)
        return job
    }

    private static func runs(_ world: World) -> Int {
        (try? String(contentsOfFile: world.root + "/runs", encoding: .utf8))?.split(separator: "\n").count ?? 0
    }

    @Test func aCommandIsRunAgainByItsExitCode() async throws {
        let world = World()
        let id = try await world.submit(Self.flaky(world.root))[0]
        let job = try await world.reign { _ in try await world.wait(id, "its end") { $0.isFinished } }
        #expect(job.attempts.map(\.outcome) == [.failedUser(exitCode: 75), .succeeded])
        #expect(Set(job.attempts.map(\.identity)).count == 2)
        #expect(Self.runs(world) == 2)
        #expect(await world.cloud.created.count == 2)
        #expect(await world.cloud.living.isEmpty)
        let waited = try #require(job.attempts[0].endedAt).boot.duration(to: job.attempts[1].spans[0].began.boot)
        #expect(waited >= .seconds(20))
        let folder = await world.storage.folder(id)
        #expect(await folder.text(of: .stdout) == "try 2\n")
        #expect(await folder.text(of: .stdout, attempt: 1) == "try 1\n")
        #expect(await folder.aside[1]?.receipt?.exitCode == 75)
        #expect(await folder.receipt?.exitCode == 0)
        #expect(await folder.receipt?.attempts == 2)
    }

    @Test func withoutAWordOfTheSpecNoCommandIsRunAgain() async throws {
        let world = World()
        let id = try await world.submit(World.job("echo ran >> \(world.root)/runs; exit 75"))[0]
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.number == 1 && state.outcome == .failedUser(exitCode: 75))
        #expect(Self.runs(world) == 1)
    }

    @Test func capacityIsAskedForAgain() async throws {
        let world = World()
        await world.cloud.failNextCreates(.refused(.capacity), .refused(.capacity))
        let id = try await world.submit(World.job("true"))[0]
        let job = try await world.reign { _ in try await world.wait(id, "its end") { $0.isFinished } }
        #expect(job.attempts.map(\.outcome) == [.failedCapacity, .failedCapacity, .succeeded])
    }

    /// The wait is visible, is not begun anew by another keeper, and runs nothing twice.
    @Test func aKeeperThatDiesWhileWaitingIsSucceeded() async throws {
        let world = World(factor: 20)
        let id = try await world.submit(Self.flaky(world.root, backoff: .seconds(60)))[0]
        for _ in 1...3 {
            try await world.reign { _ in
                let job = try await world.wait(id, "the wait") {
                    $0.nextAttempt != nil && $0.waitingFor?.contains("attempt 2 of 3, at ") == true
                }
                #expect(job.phaseWord == "queued")
                #expect(job.waitingFor?.hasSuffix("attempt 1 ended as failed, exit code 75") == true)
                // A third of the wait passes under each of them.
                let seen = world.time.now().boot
                try await world.wait(id, "some of it") { _ in
                    seen.duration(to: world.time.now().boot) > .seconds(12)
                }
            }
        }
        let job = try await world.reign { _ in try await world.wait(id, "its end") { $0.isFinished } }
        let waited = try #require(job.attempts[0].endedAt).boot.duration(to: job.attempts[1].spans[0].began.boot)
        #expect(waited >= .seconds(60) && waited < .seconds(90), "\(waited)")
        #expect(job.attempts.map(\.outcome) == [.failedUser(exitCode: 75), .succeeded])
        #expect(job.waitingFor == nil)
        #expect(Self.runs(world) == 2)
    }

    @Test func aCancelEndsTheWaitAtOnce() async throws {
        let world = World(factor: 1)
        await world.cloud.failNextCreates(.refused(.capacity))
        var definition = World.job("true")
        definition.retry = RetryPolicy(backoff: .seconds(3600))
        let id = try await world.submit(definition)[0]
        try await world.reign { conductor in
            try await world.wait(id, "the wait") { $0.waitingFor?.contains("attempt 2 of 3") == true }
            #expect(try await world.store.requestCancel(id, at: world.time.now().wall))
            conductor.wake()
            let state = try await world.finish(id)
            #expect(state.number == 1 && state.outcome == .failedCapacity)
            let job = try #require(try await world.store.job(id))
            #expect(job.outcome == .cancelled && job.isFinished)
            let receipt = try #require(await world.storage.folder(id).receipt)
            #expect(receipt.outcome == "cancelled" && receipt.attemptOutcomes == ["failed(capacity)"])
            #expect(receipt.reason?.message.contains("cancelled before attempt 2 of 3 began") == true)
        }
    }

    @Test func aFullFolderHoldsUpTheNextAttemptAndSaysSo() async throws {
        let world = World()
        let id = try await world.submit(Self.flaky(world.root, backoff: .seconds(40)))[0]
        try await world.reign { _ in
            try await world.wait(id, "the wait") { $0.nextAttempt != nil && $0.waitingFor != nil }
            await world.storage.setFull(true)
            try await world.wait(id, "the folder") { $0.waitingFor?.contains("results folder") == true }
            #expect(await world.cloud.created.count == 1)
            await world.storage.setFull(false)
            #expect(try await world.finish(id).outcome == .succeeded)
        }
    }
}
