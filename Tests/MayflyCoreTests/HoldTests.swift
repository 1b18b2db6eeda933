import Foundation
import MayflyCore
import MayflyTestKit
import Testing

/// When an instance stays although its attempt is over, and for how long.
@Suite struct HoldTests {
    private static let look = Duration.seconds(1200)

    private static func definition(
        _ onFailure: Duration? = look, _ onCollectFailure: CollectFailurePolicy? = nil, _ retry: RetryPolicy? = nil
    ) -> JobDefinition {
        var definition = Sample.full()
        definition.onFailure = onFailure.map(FailurePolicy.init(hold:))
        definition.onCollectFailure = onCollectFailure
        definition.retry = retry
        return definition
    }

    /// A walk whose instance may live as long as its job says.
    private static func walk(_ definition: JobDefinition, _ events: [AttemptEvent]) -> Walk {
        var state = Fixtures.attempt(of: JobID(rawValue: 41))
        state.expiry = Fixtures.now.wall.advanced(by: definition.life)
        var walk = Walk(restoring: state, definition)
        for event in events { walk.feed(event) }
        return walk
    }

    private static func ended(_ result: StageResult, leaves: Bool = false) -> [AttemptEvent] {
        Sample.toRunning + [
            .commandEnded(result, logsComplete: true),
            .collected(complete: !leaves, warnings: [], leavesResults: leaves),
        ]
    }

    @Test func aFailedCommandIsHeldAfterItsResultsAreHere() {
        var walk = Self.walk(Self.definition(), Self.ended(.exited(7)))
        #expect(walk.actions.last == .start(.hold(Sample.reachable)))
        let state = walk.machine.state
        #expect(state.phase == .holding(Sample.reachable) && state.isHeld)
        #expect(state.hold?.cause == .failure && state.hold?.length == Self.look)
        #expect(state.delivery == .complete && state.outcome == .failedUser(exitCode: 7))
        #expect(walk.feed(.holdEnded) == .start(.collect(Sample.reachable)))
        #expect(walk.feed(.collected(complete: true, warnings: [])) == .start(.destroy(Sample.id)))
        walk.feed(.destroyAccepted, .verifiedGone)
        #expect(walk.machine.state.isDone && walk.machine.state.outcome == .failedUser(exitCode: 7))
    }

    /// What is made during a look is collected; whatever becomes of that, what had been delivered was delivered.
    @Test func collectingAfterAHoldOnlyEverAdds() {
        func again(_ first: AttemptEvent, _ events: AttemptEvent...) -> Walk {
            let ended = Sample.toRunning + [.commandEnded(.exited(7), logsComplete: true), first, .holdEnded]
            return Self.walk(Self.definition(), ended + events)
        }
        let whole = AttemptEvent.collected(complete: true, warnings: [])
        let missing = AttemptEvent.collected(complete: false, warnings: ["model did not arrive"])
        #expect(again(missing).machine.state.delivery == .partial)
        #expect(again(missing, whole).machine.state.delivery == .complete, "what was missing was made meanwhile")
        #expect(again(missing, missing).machine.state.warnings == ["model did not arrive"])
        let troubles: [AttemptEvent] = [
            .collected(complete: false, warnings: ["a is not whole"], leavesResults: true), .clockExpired(.collect),
            .connectionGivenUp(Sample.reason), .instanceFailed(Sample.reason),
        ]
        for trouble in troubles {
            let state = again(whole, trouble).machine.state
            #expect(state.delivery == .complete && state.outcome == .failedUser(exitCode: 7), "\(trouble)")
        }
        for trouble in troubles.prefix(3) {
            let walk = again(whole, trouble)
            #expect(walk.machine.state.phase == .snapshotting(Sample.reachable), "by on_collect_failure: \(trouble)")
            #expect(!walk.machine.state.warnings.isEmpty)
        }
    }

    private static let setup: [AttemptEvent] = Array(Sample.toRunning.prefix(6))
    private static let connecting: [AttemptEvent] = Array(Sample.toRunning.prefix(3))

    /// What happened, and whether it is held then.
    private static var ends: [(events: [AttemptEvent], isHeld: Bool)] {
        var ends: [(events: [AttemptEvent], isHeld: Bool)] = []
        func add(_ isHeld: Bool, _ events: [AttemptEvent]) { ends.append((events, isHeld)) }
        add(false, ended(.exited(0)))
        add(true, ended(.timedOut))
        add(true, ended(.unknown))
        add(true, setup + [.setupEnded(.exited(3))])
        add(true, setup + [.clockExpired(.setup)])
        add(true, connecting + [.connected, .startupEnded(.exited(3))])
        add(false, connecting + [.clockExpired(.provision)])
        add(false, setup + [.clockExpired(.total)])
        add(false, setup + [.cancelRequested])
        add(false, Sample.toRunning + [.cancelRequested, .commandEnded(.exited(7), logsComplete: true)])
        add(false, Sample.toRunning + [.instanceFailed(Sample.reason)])
        return ends
    }

    @Test func onlyWhatFailedByItsUserIsHeld() {
        for (index, end) in Self.ends.enumerated() {
            #expect(Self.walk(Self.definition(), end.events).machine.state.isHeld == end.isHeld, "\(index)")
            #expect(!Self.walk(Self.definition(nil), end.events).machine.state.isHeld, "\(index)")
        }
    }

    @Test func anAttemptThatIsTriedAgainIsNotHeldButTheLastOneIs() {
        let definition = Self.definition(Self.look, nil, RetryPolicy(attempts: 2, exitCodes: [7]))
        #expect(!Self.walk(definition, Self.ended(.exited(7))).machine.state.isHeld)
        #expect(Self.walk(definition, Self.ended(.exited(8))).machine.state.isHeld)
        var state = Fixtures.attempt(2, of: JobID(rawValue: 41))
        state.expiry = Fixtures.now.wall.advanced(by: definition.life)
        var last = Walk(restoring: state, definition)
        for event in Self.ended(.exited(7)) { last.feed(event) }
        #expect(last.machine.state.isHeld)
    }

    @Test func whatCouldNotBeFetchedHoldsAndIsSnapshotInTheEnd() {
        let definition = Self.definition(nil, .hold(.seconds(3600)))
        var walk = Self.walk(definition, Self.ended(.exited(0), leaves: true))
        #expect(walk.machine.state.hold?.cause == .collect)
        #expect(walk.machine.state.hold?.length == .seconds(3600))
        #expect(walk.feed(.holdEnded) == .start(.snapshot(Sample.reachable, settle: false)))
        #expect(walk.machine.state.objects.last?.name == "rescue-train-41")
        // Fetched meanwhile: nothing is left to hold it for.
        var fetched = Self.walk(definition, Self.ended(.exited(0), leaves: true))
        #expect(
            fetched.feed(.recovered(exitCode: 0, complete: true, warnings: [])) == .start(.destroy(Sample.id)))
        #expect(fetched.machine.state.delivery == .complete && fetched.machine.state.outcome == .succeeded)
        // Unless somebody wants to look: the spec, or a person who extended it.
        let both = Self.definition(Self.look, .hold(.seconds(3600)))
        var looked = Self.walk(both, Self.ended(.exited(7), leaves: true))
        #expect(looked.machine.state.hold?.length == .seconds(3600))
        #expect(
            looked.feed(.recovered(exitCode: nil, complete: true, warnings: [])) == .start(.hold(Sample.reachable)))
        #expect(looked.machine.state.hold?.length == Self.look)
        #expect(looked.feed(.recovered(exitCode: nil, complete: true, warnings: [])) == .none)
        // And a job that is cancelled is not held, its results are kept all the same.
        var cancelled = Self.walk(definition, Sample.toRunning + [.cancelRequested])
        cancelled.feed(.commandEnded(.stopped, logsComplete: true))
        let action = cancelled.feed(.collected(complete: false, warnings: [], leavesResults: true))
        #expect(action == .start(.snapshot(Sample.reachable, settle: false)))
    }

    @Test func peopleExtendAndRelease() throws {
        let definition = Self.definition()
        var walk = Self.walk(definition, Self.ended(.exited(7)))
        let first = try #require(walk.machine.state.hold)
        let later = first.endsAt.advanced(by: .seconds(7200))
        #expect(walk.feed(.holdExtended(to: later)) == .replace(.hold(Sample.reachable)))
        #expect(walk.machine.state.hold?.endsAt == later)
        // The same wish again, and one for less, change nothing.
        #expect(walk.feed(.holdExtended(to: later)) == .none)
        #expect(walk.feed(.holdExtended(to: first.endsAt)) == .none)
        // Never beyond what leaves time to end it before its expiry.
        walk.feed(.holdExtended(to: WallTime(rawValue: .max / 2)))
        let latest = definition.latestHoldEnd(expiry: walk.machine.state.expiry)
        #expect(walk.machine.state.hold?.endsAt == latest)
        #expect(latest.duration(to: walk.machine.state.expiry) == .seconds(50 * 60))
        #expect(walk.feed(.holdReleased) == .replace(.collect(Sample.reachable)))
        #expect(walk.feed(.holdReleased, .holdExtended(to: latest)) == .none)
    }

    /// A person lets the command run longer: asked for on the instance, and on record once it has granted that.
    @Test func aRunningCommandsLimitMoves() throws {
        let definition = Self.definition()
        var walk = Self.walk(definition, Sample.toRunning)
        let first = try #require(walk.machine.state.runEnd(definition.timeouts))
        #expect(walk.machine.state.runLimit(definition.timeouts) == definition.timeouts.run)
        let later = first.advanced(by: .seconds(3600))
        let limit = definition.timeouts.run + .seconds(3600)
        let ask = AttemptAction.extendCommand(Sample.reachable, limit: limit, end: later)
        #expect(walk.feed(.runExtensionWished(to: later)) == ask)
        #expect(walk.machine.state.runsUntil == nil, "a wish is no grant")
        #expect(walk.feed(.runExtensionWished(to: later)) == ask, "until it is granted")
        #expect(walk.feed(.runExtended(to: later)) == .none)
        #expect(walk.machine.state.runLimit(definition.timeouts) == limit)
        #expect(walk.feed(.runExtensionWished(to: later)) == .none, "and then no more")
        #expect(walk.feed(.runExtensionWished(to: first)) == .none, "never shorter")
        #expect(try RoundTrip.through(walk.machine.state) == walk.machine.state)
        // Never beyond what leaves time to end it before its expiry.
        let latest = definition.latestHoldEnd(expiry: walk.machine.state.expiry)
        guard case .extendCommand(_, _, latest) = walk.feed(.runExtensionWished(to: WallTime(rawValue: .max / 2)))
        else {
            Issue.record("it is not asked for, or too much is")
            return
        }
        walk.feed(.runNotExtended(to: latest, "its limit has passed"))
        #expect(walk.machine.state.warnings == ["the command's limit was not extended: its limit has passed"])
        #expect(walk.feed(.runExtensionWished(to: latest)) == .none, "what was refused is not asked for again")
        // One that is being stopped, or has ended, is not extended.
        var stopped = Self.walk(definition, Sample.toRunning + [.cancelRequested])
        #expect(stopped.feed(.runExtensionWished(to: later)) == .none)
        var over = Self.walk(definition, Self.ended(.exited(7)))
        #expect(over.feed(.runExtensionWished(to: later)) == .none)
        #expect(RunWish(stored: RunWish(end: later).stored) == RunWish(end: later))
        #expect(RunWish(stored: "release") == nil && RunWish(stored: "until:x") == nil)
    }

    @Test func aCancelAndTheInstancesOwnEndEndAHoldATotalClockDoesNot() {
        var cancelled = Self.walk(Self.definition(), Self.ended(.exited(7)))
        #expect(cancelled.feed(.clockExpired(.total)) == .none)
        #expect(cancelled.feed(.cancelRequested) == .replace(.destroy(Sample.id)))
        #expect(cancelled.machine.state.outcome == .failedUser(exitCode: 7))
        var died = Self.walk(Self.definition(), Self.ended(.exited(7)))
        #expect(died.feed(.instanceFailed(Sample.reason)) == .replace(.destroy(Sample.id)))
        #expect(died.machine.state.warnings.contains { $0.contains("while it was held") })
    }

    /// The expiry is fixed before the create, so every hold that the spec asks for is in it.
    @Test func theExpiryHasRoomForTheHold() {
        let without = Self.definition(nil).life
        #expect(Self.definition(.seconds(600), .hold(.seconds(3600))).life == without + .seconds(3600))
        #expect(Self.definition(.seconds(7200), .discard).life == without + .seconds(7200))
        // What is left of a life that was spent elsewhere is all there is.
        var definition = Self.definition(.seconds(86_400))
        definition.timeouts = Timeouts(run: .seconds(60))
        var state = Fixtures.attempt(of: JobID(rawValue: 41))
        state.expiry = Fixtures.now.wall.advanced(by: .seconds(3600))
        var walk = Walk(restoring: state, definition)
        for event in Self.ended(.exited(7)) { walk.feed(event) }
        #expect(walk.machine.state.hold?.endsAt == definition.latestHoldEnd(expiry: state.expiry))
    }

    @Test func restoringGoesOnHoldingAndTheTimeLeftIsMeasuredWhereItPasses() throws {
        let walk = Self.walk(Self.definition(), Self.ended(.exited(7)))
        let state = try RoundTrip.through(walk.machine.state)
        #expect(Walk(restoring: state, Self.definition()).machine.resumption() == .start(.hold(Sample.reachable)))
        let began = try #require(state.hold).began
        let jumped = Moment(
            wall: began.wall.advanced(by: .seconds(86_400)), boot: began.boot.advanced(by: .seconds(200)))
        #expect(state.restOfHold(now: jumped, bootID: state.bootID) == .seconds(1000))
        #expect(state.restOfHold(now: jumped, bootID: "another") == .zero)
    }

    @Test func storedForms() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        func json(_ value: some Encodable) throws -> String {
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        let hold = Hold(cause: .collect, began: Fixtures.now, length: .seconds(60))
        #expect(
            try json(hold) == #"{"began":{"boot":60000,"wall":1700000000000},"cause":"collect","length":60000}"#)
        var extended = hold
        extended.isExtended = true
        #expect(try RoundTrip.through(extended) == extended)
        let phase = AttemptPhase.holding(Sample.reachable)
        #expect(try json(phase) == #"{"address":"192.0.2.7","instance":"i-1","name":"holding","port":22}"#)
        #expect(try RoundTrip.through(phase) == phase)
        for (policy, text) in [
            (CollectFailurePolicy.snapshot, "snapshot"), (.discard, "discard"), (.hold(.seconds(6)), "hold:6000"),
        ] {
            #expect(try json([policy]) == "[\"\(text)\"]")
            #expect(try RoundTrip.through([policy]) == [policy])
        }
        #expect(try json(FailurePolicy(hold: .seconds(1200))) == #"{"hold":1200000}"#)
        for wish in [HoldWish.release, .extend(to: WallTime(rawValue: 5))] {
            #expect(HoldWish(stored: wish.stored) == wish)
        }
        #expect(HoldWish(stored: "until:x") == nil)
    }
}
