import CloudModel
import Foundation
import MayflyCore
import Testing

@testable import Simulation

/// Whole histories of the real orchestrator. They run on threads of their own: a simulation never gives its thread back
/// before its end.
@Suite struct HistoryTests {
    @Test func aQuietJobRunsOnceAndLeavesNothing() async {
        let report = await onThread { World(.quiet(), keepsLines: true).run() }
        #expect(report.violations.isEmpty)
        #expect(report.keepers == 1)
        #expect(report.trace.contains { $0.contains("started run on") })
        #expect(report.trace.contains { $0.contains("done outcome succeeded") })
    }

    @Test func aPlainJobTakesAtMostTwelveCommits() async {
        let commits = await onThread { World(.quiet()).run().commits }
        #expect(commits <= 12)
    }

    @Test func oneSeedHasOneHistory() async {
        let different = await onThread {
            (1...200).filter { seed in
                let first = World(.drawn(from: UInt64(seed))).run()
                let second = World(.drawn(from: UInt64(seed))).run()
                return first.digest != second.digest || first.steps != second.steps
            }
        }
        #expect(different.isEmpty, "seeds with two histories")
    }

    @Test func anEqualDigestIsAnEqualHistory() async {
        let (one, same, other) = await onThread {
            let histories = [3, 3, 4].map { World(.drawn(from: $0), keepsLines: true).run() }
            return (histories[0], histories[1], histories[2])
        }
        #expect(one.trace == same.trace)
        #expect(one.trace != other.trace)
        #expect(one.digest != other.digest)
    }

    @Test func nothingBreaksInThousandsOfWorlds() async {
        let failed = await onThread { Self.failures(of: (1...2000).map { UInt64($0) }) }
        #expect(failed.isEmpty, "scripts/simulate --seed S --trace shows the history")
    }

    @Test func whatOnceBrokeHolds() async throws {
        let path = try #require(Bundle.module.path(forResource: "corpus", ofType: nil))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let seeds = text.split(separator: "\n").compactMap { $0.split(separator: " ").first.flatMap { UInt64($0) } }
        #expect(!seeds.isEmpty)
        let failed = await onThread { Self.failures(of: seeds) }
        #expect(failed.isEmpty)
    }

    /// In words, each with its seed.
    private static func failures(of seeds: [UInt64]) -> [String] {
        seeds.compactMap { seed in
            let violations = World(.drawn(from: seed)).run().violations
            return violations.isEmpty ? nil : "seed \(seed): \(violations.joined(separator: "; "))"
        }
    }
}

/// Everything that can happen once to one job, tried rather than drawn.
@Suite struct SmallWorldTests {
    @Test func everyCrashAtEveryBoundary() async { await expectNothing(SmallWorld.singleCrashes, atLeast: 100) }

    @Test func everyRequestLost() async { await expectNothing(SmallWorld.lostRequests, atLeast: 20) }

    @Test func everyCommitFailedOnce() async { await expectNothing(SmallWorld.failedCommits, atLeast: 12) }

    @Test func aConnectionCutAtEveryByte() async { await expectNothing(SmallWorld.cuts, atLeast: 600) }

    /// A keeper is stopped after another has died, and goes on beside a third.
    @Test func aStoppedKeeperAfterEveryCrash() async {
        await expectNothing({ SmallWorld.pairs([.before], then: [.stalled(.seconds(30))]) }, atLeast: 500)
    }

    /// `scripts/simulate --exhaustive` also pairs requests in flight.
    @Test func everyPairOfCrashes() async {
        await expectNothing({ SmallWorld.pairs([.before, .after]) }, atLeast: 2000)
    }

    private func expectNothing(_ explore: @escaping @Sendable () -> SmallWorld.Tally, atLeast runs: Int) async {
        let tally = await onThread(explore)
        #expect(tally.runs >= runs)
        #expect(tally.findings.map { "\($0.point): \($0.violations.joined(separator: "; "))" } == [])
    }
}

/// The simulation must see what it is there to see.
@Suite struct BrokenWorldTests {
    @Test func anInstanceNobodyDestroysIsSeen() async {
        // The cloud refuses to destroy until the instance ends by its own timer.
        var plan = WorldPlan.quiet()
        plan.faults.rules = [.init(.destroyRefused(1_000_000))]
        let report = await onThread { [plan] in World(plan).run() }
        #expect(report.violations.contains { $0.contains("lived until its own expiry") })
    }

    @Test func aWrongSealIsSeen() async {
        let violations = await onThread {
            let world = World(.quiet())
            world.check.grew(.stdout, of: 0, at: 0, by: [1, 2, 3])
            return world.run().violations
        }
        #expect(violations.contains { $0.contains("never wrote") })
    }
}

/// Runs `body` on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        let thread = Thread { continuation.resume(returning: body()) }
        thread.stackSize = 8 << 20
        thread.start()
    }
}
