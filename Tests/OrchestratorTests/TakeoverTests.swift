import Foundation
import MayflyCore
import MayflyTestKit
import Testing

@testable import Orchestrator

/// What a keeper may lack when it takes over: the secrets, the token, a results folder. None of it may hold up a cancel, a
/// clock or a destroy.
@Suite(.serialized) struct TakeoverTests {
    private static func secretJob(_ command: String, timeouts: Timeouts = Timeouts()) -> JobDefinition {
        var job = World.job(command, timeouts: timeouts)
        job.secrets = [SecretReference(name: "TOKEN", source: .environment("TOKEN"))]
        return job
    }

    /// Brings a job to where its keeper died just before the command was started.
    private func stopBeforeStart(_ world: World, _ definition: JobDefinition) async throws -> JobID {
        let id = try await world.submit(definition)[0]
        try await world.reign { _ in
            // The login is refused until this keeper is gone; the next one has no secrets.
            await world.faults.setRefusesLogin(true)
            try await world.wait(id, "connecting") { $0.attempt?.phase.word == "connecting" }
        }
        await world.supplies.setHasSecrets(false)
        await world.faults.setRefusesLogin(false)
        return id
    }

    @Test func withoutItsSecretsARunningJobCanBeCancelled() async throws {
        let world = World()
        let id = try await stopBeforeStart(world, Self.secretJob("touch \(world.root)/ran"))
        try await world.reign { conductor in
            try await world.wait(id, "waiting for secrets") {
                $0.attempt?.phase.word == "running" && $0.attempt?.waitingFor?.contains("secrets") == true
            }
            #expect(try await world.store.requestCancel(id, at: world.time.now().wall))
            conductor.wake()
            let state = try await world.finish(id)
            #expect(state.outcome == .cancelled && !state.commandStarted || state.exitCode == nil)
        }
        #expect(!FileManager.default.fileExists(atPath: "\(world.root)/ran"))
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func secretsThatNeverComeEndTheJobInItsTime() async throws {
        let world = World()
        let timeouts = Timeouts(run: .seconds(20), collect: .seconds(20))
        let id = try await stopBeforeStart(world, Self.secretJob("touch \(world.root)/ran", timeouts: timeouts))
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .failedSetup)
        #expect(state.reason?.code == "secrets-missing")
        #expect(!FileManager.default.fileExists(atPath: "\(world.root)/ran"))
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func aCommandThatRunsNeedsNoSecretsAnyMore() async throws {
        let world = World(factor: 20)
        let id = try await world.submit(Self.secretJob("for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done"))[0]
        try await world.reign { _ in try await world.wait(id, "running") { $0.attempt?.commandStarted == true } }
        await world.supplies.setHasSecrets(false)
        let state = try await world.reign { _ in try await world.finish(id) }
        #expect(state.outcome == .succeeded)
        #expect(await world.storage.folder(id).text(of: .stdout) == "1\n2\n3\n4\n5\n6\n")
    }

    @Test func aCommandThatRunsAndIsToStopIsFollowedToItsEndWithoutSecrets() async throws {
        let world = World(factor: 20)
        let command = "trap 'echo bye; exit 0' TERM; echo on; while sleep 0.1; do :; done"
        let id = try await world.submit(Self.secretJob(command))[0]
        let running = try await world.reign { _ in
            let folder = await world.storage.folder(id)
            let job = try await world.wait(id, "running") { $0.attempt?.commandStarted == true }
            while await folder.text(of: .stdout) != "on\n" { try await Task.sleep(for: .milliseconds(5)) }
            return job
        }
        // The keeper died after it started the command and before that was on record, with a cancel under way.
        var state = try #require(running.attempt)
        guard case .running(let instance, _) = state.phase else { return #expect(Bool(false), "not running") }
        state.commandStarted = false
        state.phase = .running(instance, .cancelled)
        let token = try await world.store.beginReign(owner: "dead", at: world.time.now().wall)
        try await world.store.save(state, of: id, token: token)
        await world.supplies.setHasSecrets(false)
        let end = try await world.reign { _ in try await world.finish(id) }
        #expect(end.outcome == .cancelled)
        #expect(end.delivery == .complete)
        #expect(await world.storage.folder(id).text(of: .stdout) == "on\nbye\n")
    }

    @Test func aCancelDoesNotWaitADayForAnInstanceThatCannotBeReached() async throws {
        let world = World(factor: 200)
        let timeouts = Timeouts(run: .seconds(86_400), collect: .seconds(60))
        // Nobody can stop it here, so it ends with the world's folder.
        let endless = "while [ -d \(world.root) ]; do sleep 0.1; done"
        let id = try await world.submit(World.job(endless, timeouts: timeouts))[0]
        try await world.reign { _ in try await world.wait(id, "running") { $0.attempt?.commandStarted == true } }
        await world.faults.setRefusesLogin(true)
        try await world.reign { conductor in
            #expect(try await world.store.requestCancel(id, at: world.time.now().wall))
            conductor.wake()
            let state = try await world.finish(id)
            #expect(state.outcome == .cancelled)
            #expect(state.delivery == .partial)
            #expect(state.warnings.contains { $0.contains("connection refused") }, "\(state.warnings)")
        }
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func aResultsFolderThatIsGoneHoldsUpNoDestroy() async throws {
        let world = World()
        let id = try await world.submit(World.job("true"))[0]
        await world.cloud.failNextDestroys(1000)
        try await world.reign { _ in try await world.wait(id, "destroying") { $0.attempt?.phase.word == "destroying" } }
        await world.storage.setFull(true)
        await world.cloud.failNextDestroys(0)
        try await world.reign { _ in
            let job = try await world.wait(id, "the receipt") { $0.waitingFor?.contains("receipt") == true }
            #expect(job.attempt?.teardown == .clean)
            #expect(await world.cloud.living.isEmpty)
            await world.storage.setFull(false)
            #expect(try await world.finish(id).outcome == .succeeded)
            #expect(await world.storage.folder(id).receipt?.outcome == "succeeded")
        }
    }

    @Test func withoutATokenACancelIsHeard() async throws {
        let world = World()
        await world.cloud.setBootsTo(.creating)
        let id = try await world.submit(World.job("true"))[0]
        try await world.reign { _ in try await world.wait(id, "booting") { $0.attempt?.phase.word == "booting" } }
        await world.supplies.setHasToken(false)
        try await world.reign { conductor in
            #expect(try await world.store.requestCancel(id, at: world.time.now().wall))
            conductor.wake()
            try await world.wait(id, "the wait for a token") {
                $0.attempt?.phase.word == "destroying" && $0.attempt?.waitingFor?.contains("mayfly login") == true
            }
            await world.supplies.setHasToken(true)
            #expect(try await world.finish(id).outcome == .cancelled)
        }
        #expect(await world.cloud.living.isEmpty)
    }

    @Test func theExpiryCountsFromTheCreate() async throws {
        let world = World(factor: 1000)
        await world.supplies.setHasToken(false)
        let id = try await world.submit(World.job("true"))[0]
        try await world.reign { _ in
            let submitted = world.time.now().wall
            try await world.wait(id, "an hour to pass") { _ in
                submitted.duration(to: world.time.now().wall) > .seconds(3600)
            }
            await world.supplies.setHasToken(true)
            let state = try await world.finish(id)
            let life = state.spans[0].began.wall.duration(to: state.expiry)
            #expect(submitted.duration(to: state.spans[0].began.wall) > .seconds(3600))
            #expect(life > .seconds(24 * 3600))
        }
    }

    @Test func aKeeperThatWatchesForALateInstanceIsNotIdle() async throws {
        let world = World()
        await world.cloud.failNextCreates(.requestLost, .requestLost, .requestLost)
        let id = try await world.submit(World.job("true"))[0]
        try await world.reign { conductor in
            #expect(try await world.finish(id).outcome == .lost)
            conductor.wake()
            try await world.wait(id, "the watch") { $0.isFinished }
            while await !conductor.runningJobs.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect(await !conductor.isIdle)
        }
    }
}
