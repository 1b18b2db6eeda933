import MayflyCore
import MayflyTestKit
import Testing

@Suite struct AttemptMachineTests {
    @Test func aJobThatGoesWellPassesEveryPhaseOnce() {
        var walk = Walk(Sample.full())
        for event in Sample.toRunning { walk.feed(event) }
        walk.feed(.commandEnded(.exited(0), logsComplete: true), .collected(complete: true, warnings: []))
        walk.feed(.destroyAccepted)
        let last = walk.feed(.verifiedGone)
        #expect(last == .finish)
        let state = walk.machine.state
        #expect(state.outcome == .succeeded)
        #expect(state.delivery == .complete)
        #expect(state.teardown == .clean)
        #expect(
            state.spans.map(\.phase) == [
                "queued", "creating", "booting", "connecting", "preparing", "running", "collecting", "destroying",
                "verifying",
            ])
        #expect(state.spans.allSatisfy { $0.elapsed != nil })
        #expect(state.objects.map(\.state) == [.gone])
    }

    @Test func theAnchorIsOnRecordBeforeTheRequest() {
        var walk = Walk(Sample.full())
        #expect(walk.feed(.anchored("early")) == .none)
        walk.feed(.began)
        #expect(walk.machine.state.anchor == "", "nothing was sent")
        #expect(walk.feed(.anchored("key-1")) == .start(.create(settle: false)))
        #expect(walk.machine.state.witness == "key-1")
        // The cloud made nothing and does not show the key: nothing is on record again.
        #expect(walk.feed(.anchored(nil)) == .start(.create(settle: false)))
        #expect(walk.machine.state.anchor == "")
        walk.feed(.anchored("key-2"), .created(Sample.observed))
        #expect(walk.feed(.anchored("late")) == .none)
        #expect(walk.machine.state.witness == "key-2")
    }

    @Test func aFailingStageNeverRunsTheCommand() {
        for (events, code) in [
            (Array(Sample.toRunning.prefix(4)) + [.startupEnded(.exited(3))], "startup-failed"),
            (Array(Sample.toRunning.prefix(6)) + [.setupEnded(.exited(3))], "setup-failed"),
        ] {
            var walk = Walk(Sample.full())
            for event in events { walk.feed(event) }
            #expect(walk.machine.state.outcome == .failedSetup)
            #expect(walk.machine.state.reason?.code == code)
            #expect(walk.actions.last == .start(.destroy(Sample.id)))
            #expect(!walk.actions.contains(.start(.run(Sample.reachable, stop: nil))))
        }
    }

    @Test func aCancelWhileTheCreateIsUnansweredDestroysWhatTheAnswerNames() {
        var walk = Walk(Sample.full())
        walk.feed(.began)
        #expect(walk.feed(.cancelRequested) == .none)
        #expect(walk.machine.state.outcome == .cancelled)
        #expect(walk.feed(.created(Sample.observed)) == .start(.destroy(Sample.id)))
    }

    @Test func aCancelledCommandKeepsTheExitCodeItHadAlready() {
        var walk = Walk(Sample.full())
        for event in Sample.toRunning { walk.feed(event) }
        #expect(walk.feed(.cancelRequested) == .stopCommand(.cancelled))
        walk.feed(.commandEnded(.exited(7), logsComplete: true))
        #expect(walk.machine.state.outcome == .failedUser(exitCode: 7))
    }

    @Test func whatCleanupFindsNeverChangesTheOutcome() {
        var walk = Walk(Sample.full(SnapshotPolicy(when: .always)))
        for event in Sample.toRunning { walk.feed(event) }
        walk.feed(.commandEnded(.exited(0), logsComplete: true), .collected(complete: true, warnings: []))
        walk.feed(.snapshotFailed(Sample.reason))
        walk.feed(.instanceFailed(Sample.reason), .cancelRequested, .clockExpired(.total))
        #expect(walk.machine.state.outcome == .succeeded)
        #expect(walk.machine.state.delivery == .partial)
    }

    @Test(arguments: [
        (SnapshotPolicy.When.never, Int32(0), false), (.never, 1, false), (.onSuccess, 0, true), (.onSuccess, 1, false),
        (.onFailure, 0, false), (.onFailure, 1, true), (.always, 0, true), (.always, 1, true),
    ])
    func snapshotsFollowTheirPolicy(when: SnapshotPolicy.When, exit: Int32, taken: Bool) {
        var walk = Walk(Sample.full(SnapshotPolicy(when: when)))
        for event in Sample.toRunning { walk.feed(event) }
        walk.feed(.commandEnded(.exited(exit), logsComplete: true))
        let action = walk.feed(.collected(complete: true, warnings: []))
        #expect(action == .start(taken ? .snapshot(Sample.reachable, settle: false) : .destroy(Sample.id)))
    }

    @Test func whatCouldNotBeFetchedIsKept() {
        for policy in [nil, CollectFailurePolicy.snapshot, .discard] {
            var definition = Sample.full()
            definition.onCollectFailure = policy
            var walk = Walk(definition)
            for event in Sample.toRunning { walk.feed(event) }
            walk.feed(.commandEnded(.exited(0), logsComplete: true))
            let action = walk.feed(.collected(complete: false, warnings: ["x"], leavesResults: true))
            let keeps = policy != .discard
            #expect(action == .start(keeps ? .snapshot(Sample.reachable, settle: false) : .destroy(Sample.id)))
            #expect(walk.machine.state.objects.last?.name.hasPrefix("rescue-") == keeps)
            #expect(walk.machine.state.delivery == .partial)
        }
        // What never was there is no reason to keep a disk.
        var walk = Walk(Sample.full())
        for event in Sample.toRunning { walk.feed(event) }
        walk.feed(.commandEnded(.exited(0), logsComplete: true))
        #expect(walk.feed(.collected(complete: false, warnings: ["x"])) == .start(.destroy(Sample.id)))
        // One that was asked for anyway does both.
        var asked = Walk(Sample.full(SnapshotPolicy(when: .always, name: "base")))
        for event in Sample.toRunning { asked.feed(event) }
        asked.feed(.commandEnded(.exited(0), logsComplete: true))
        asked.feed(.clockExpired(.collect))
        #expect(asked.machine.state.objects.filter { $0.kind == .snapshot }.map(\.name) == ["base"])
    }

    @Test func anUnsettledCreateEndsLostAndStaysOnTheWatchList() {
        var walk = Walk(Sample.full())
        walk.feed(.began)
        #expect(walk.feed(.createUnsettled(Sample.reason)) == .finish)
        #expect(walk.machine.state.outcome == .lost)
        #expect(walk.machine.state.objects.map(\.state) == [.unsettled])
        #expect(!walk.machine.state.commandStarted)
    }

    /// Giving up on proof is possible where nothing gets on, is said, and is never called clean.
    @Test func forgettingIsALeakAndOnlyForWhatIsStuck() {
        var walk = Walk(Sample.full())
        for event in Sample.toRunning { walk.feed(event) }
        #expect(walk.feed(.forgetRequested) == .none)
        walk.feed(.commandEnded(.exited(0), logsComplete: true), .collected(complete: true, warnings: []))
        walk.feed(.destroyAccepted)
        #expect(walk.feed(.forgetRequested) == .none)
        walk.feed(.teardownDelayed(Sample.reason))
        #expect(walk.feed(.forgetRequested) == .finish)
        #expect(walk.machine.state.outcome == .succeeded)
        #expect(walk.machine.state.teardown == .leaked(["i-1"]))
        #expect(walk.machine.state.objects.map(\.state) == [.destroyAccepted])
    }

    /// A restored attempt settles its last intent: creating is never simply repeated.
    @Test func restoringSettlesAndNeverRepeats() {
        var walk = Walk(Sample.full())
        walk.feed(.began)
        let restored = Walk(restoring: walk.machine.state, Sample.full())
        #expect(restored.machine.resumption() == .start(.create(settle: true)))
    }
}
