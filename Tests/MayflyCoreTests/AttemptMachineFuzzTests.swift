import MayflyCore
import MayflyTestKit
import Testing

/// Any events in any order, also ones that make no sense in a phase, as late effects and restarts cause them.
@Suite struct AttemptMachineFuzzTests {
    private static let events: [AttemptEvent] = [
        .began, .created(Sample.observed),
        .createRefused(ProviderError(kind: .capacity, reason: Sample.reason)), .createUnsettled(Sample.reason),
        .becameReachable(Sample.reachable), .instanceFailed(Sample.reason), .connected, .startupEnded(.exited(0)),
        .startupEnded(.exited(1)), .uploaded, .stepFailed(Sample.reason), .setupEnded(.exited(0)),
        .setupEnded(.unknown), .commandStarted, .commandEnded(.exited(0), logsComplete: true),
        .commandEnded(.exited(9), logsComplete: false), .commandEnded(.stopped, logsComplete: true),
        .collected(complete: true, warnings: []), .collected(complete: false, warnings: ["one missing"]),
        .snapshotTaken(SnapshotID(rawValue: "s"), name: "s"), .snapshotFailed(Sample.reason), .destroyAccepted,
        .verifiedGone, .teardownDelayed(Sample.reason), .clockExpired(.provision), .clockExpired(.collect),
        .clockExpired(.total), .cancelRequested, .connectionGivenUp(Sample.reason), .waiting("for it"),
        .collected(complete: false, warnings: ["not fetched"], leavesResults: true), .holdEnded, .holdReleased,
        .holdExtended(to: Fixtures.now.wall.advanced(by: .seconds(600))),
        .runExtensionWished(to: Fixtures.now.wall.advanced(by: .seconds(90_000))),
        .runExtended(to: Fixtures.now.wall.advanced(by: .seconds(90_000))),
        .runNotExtended(to: Fixtures.now.wall, "too late"), .diagnosed("a broken GPU", gpuFault: true),
        .recovered(exitCode: nil, complete: true, warnings: []),
    ]

    @Test func invariantsHoldWhateverHappens() {
        let entropy = TestEntropy(seed: 7)
        var finished = 0
        var held = 0
        for round in 0..<3000 {
            let policy = SnapshotPolicy(when: SnapshotPolicy.When.allCases[round % 4])
            var definition = Sample.full(policy)
            if round % 3 != 0 { definition.onFailure = FailurePolicy(hold: .seconds(60)) }
            if round % 5 != 0 { definition.onCollectFailure = .hold(.seconds(90)) }
            if round % 7 == 0 { definition.retry = RetryPolicy(when: RetryCause.allCases) }
            // Short clocks: the fixture's expiry leaves an hour.
            definition.timeouts.collect = .seconds(60)
            var walk = Walk(definition)
            var wasHeld = false
            var outcome: Outcome?
            var existed = false
            var passedVerifying = false
            var creates = 0
            // By chance alone few come so far that they could be held.
            let prelude = round % 4 == 1 ? Sample.toRunning + [.commandEnded(.exited(9), logsComplete: true)] : []
            let chance = entropy.bytes(120).map { Self.events[Int($0) % Self.events.count] }
            for event in prelude + chance {
                let action = walk.feed(event)
                let state = walk.machine.state
                if action == .start(.create(settle: false)) { creates += 1 }
                if state.instance != nil { existed = true }
                if case .verifying = state.phase { passedVerifying = true }
                if state.isHeld {
                    wasHeld = true
                    #expect(state.outcome != nil)
                    #expect(state.hold?.endsAt ?? .init(rawValue: .max) < state.expiry)
                }
                if let outcome { #expect(state.outcome == outcome) }
                outcome = state.outcome
                if state.phase == .done {
                    finished += 1
                    if wasHeld { held += 1 }
                    #expect(state.outcome != nil)
                    #expect(!existed || passedVerifying)
                    #expect(!existed || state.objects.first?.state == .gone)
                    break
                }
            }
            #expect(creates <= 1)
        }
        #expect(finished > 500, "the walk must reach the end often enough to mean something")
        #expect(held > 100, "and be held often enough")
    }

    /// What is stored at any point can be read back and continued.
    @Test func everyReachedStateSurvivesTheStore() throws {
        let entropy = TestEntropy(seed: 11)
        for _ in 0..<300 {
            var definition = Sample.full(SnapshotPolicy(when: .always))
            definition.onFailure = FailurePolicy(hold: .seconds(60))
            definition.onCollectFailure = .hold(.seconds(90))
            definition.timeouts.collect = .seconds(60)
            var walk = Walk(definition)
            for byte in entropy.bytes(60) {
                walk.feed(Self.events[Int(byte) % Self.events.count])
                let state = walk.machine.state
                #expect(try RoundTrip.through(state) == state)
                let restored = Walk(restoring: state, definition)
                if state.phase != .queued { #expect(restored.machine.resumption() != .none) }
            }
        }
    }
}
