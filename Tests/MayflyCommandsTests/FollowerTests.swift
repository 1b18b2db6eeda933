import Keeper
import MayflyCore
import Synchronization
import Testing

@testable import MayflyCommands

@Suite(.timeLimit(.minutes(1))) struct FollowerTests {
    private let store = FakeStore()
    private let id = JobID(rawValue: 41)

    /// Real waiting, but short; clock readings as the test says.
    private struct Time: Timekeeper {
        let reading: Moment
        var bootID: String { "boot" }

        func now() -> Moment { reading }
        func sleep(for duration: Duration) async throws { try await Task.sleep(for: .milliseconds(5)) }
    }

    private func follower(
        _ view: FakeView, link: FakeLink = FakeLink(), interrupts: Interrupts = Interrupts(leave: {}),
        now: Moment = Samples.moment(100)
    ) -> Follower {
        Follower(
            store: store, link: link, view: view, time: Time(reading: now), interrupts: interrupts,
            options: Follower.Options(destroyWait: .seconds(600)))
    }

    private func running(_ results: String) -> JobRecord {
        var job = Samples.job(results: results)
        job.attempts = [Samples.attempt(phases: ["queued", "running"])]
        job.attempts[0].phase = .running(
            ReachableInstance(id: InstanceID(rawValue: "i-1"), address: "127.0.0.1", sshPort: 22), nil)
        return job
    }

    @Test func everyByteIsShownBeforeTheEndIsTold() async throws {
        let folder = try ScratchFolder()
        let first = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try folder.append(first, to: "train-41/stdout.log")
        store.put(running(folder.path))
        let view = FakeView()
        async let code = follower(view).run([id])
        #expect(await eventually { view.shown.output[.stdout]?.count == first.count })
        // The rest and the end come together, as a crash of the client's patience would have it.
        let rest = [UInt8](repeating: 0xFF, count: 2_500_000)
        try folder.append(rest, to: "train-41/stdout.log")
        try folder.append([1, 2, 3], to: "train-41/stderr.log")
        store.put(Samples.finished(outcome: .failedUser(exitCode: 7), exitCode: 7, results: folder.path))
        #expect(try await code == 7)
        #expect(view.shown.output[.stdout] == first + rest)
        #expect(view.shown.output[.stderr] == [1, 2, 3])
        #expect(view.shown.outputAtEnd[id] == first.count + rest.count)
        #expect(view.shown.ended == [id])
    }

    @Test func aLostKeeperIsReplacedAndSaid() async throws {
        let folder = try ScratchFolder()
        store.put(running(folder.path))
        let view = FakeView()
        let link = FakeLink(failures: ["", "no such socket", ""])
        async let code = follower(view, link: link).run([id])
        #expect(await eventually { link.watchCount >= 4 })
        store.put(Samples.finished(results: folder.path))
        #expect(try await code == 0)
        #expect(view.shown.notices.contains { $0.contains("the keeper has gone") })
        #expect(view.shown.notices.contains { $0.contains("no such socket") })
    }

    @Test func controlCCancelsAndFollowingGoesOn() async throws {
        let folder = try ScratchFolder()
        store.put(running(folder.path))
        let view = FakeView()
        let link = FakeLink()
        let left = Mutex(0)
        let interrupts = Interrupts { left.withLock { $0 += 1 } }
        async let code = follower(view, link: link, interrupts: interrupts).run([id])
        interrupts.arrived(.controlC)
        let expected = [id]
        let isAsked = await eventually { store.cancelled == expected && link.wakeCount == 1 }
        #expect(isAsked)
        #expect(left.withLock { $0 } == 0)
        interrupts.arrived(.controlC)
        #expect(left.withLock { $0 } == 1, "the second one leaves at once")
        store.put(Samples.finished(outcome: .cancelled, exitCode: nil, delivery: .none, results: folder.path))
        #expect(try await code == 245)
    }

    @Test func aHangUpDetachesAndTouchesNothing() async throws {
        let folder = try ScratchFolder()
        store.put(running(folder.path))
        let view = FakeView()
        let interrupts = Interrupts(leave: {})
        async let code = follower(view, interrupts: interrupts).run([id])
        interrupts.arrived(.hangUp)
        #expect(try await code == 247)
        #expect(store.cancelled.isEmpty)
        #expect(view.shown.detached == [id])
    }

    @Test func aReaderThatGoesAwayDetaches() async throws {
        let folder = try ScratchFolder()
        try folder.append([1], to: "train-41/stdout.log")
        store.put(running(folder.path))
        let view = FakeView { throw OutputClosed() }
        #expect(try await follower(view).run([id]) == 247)
    }

    @Test func aTeardownWithoutEndIsLeftToTheKeeper() async throws {
        let folder = try ScratchFolder()
        var job = running(folder.path)
        job.attempts = [Samples.attempt(phases: ["running", "destroying", "verifying"])]
        job.attempts[0].phase = .verifying(InstanceID(rawValue: "i-1"))
        job.attempts[0].outcome = .succeeded
        job.attempts[0].teardown = .pending
        store.put(job)
        let view = FakeView()
        #expect(try await follower(view, now: Samples.moment(700)).run([id]) == 249)
        #expect(view.shown.notices.contains { $0.contains("the keeper goes on until it is") })
    }

    @Test func severalJobsGiveOneCode() async throws {
        let folder = try ScratchFolder()
        store.put(Samples.finished(1, results: folder.path))
        store.put(Samples.finished(2, outcome: .failedUser(exitCode: 3), exitCode: 3, results: folder.path))
        store.put(Samples.finished(3, outcome: .failedUser(exitCode: 4), exitCode: 4, results: folder.path))
        let view = FakeView()
        #expect(try await follower(view).run([1, 2, 3].map(JobID.init(rawValue:))) == 3)
        #expect(Set(view.shown.ended.map(\.rawValue)) == [1, 2, 3])
    }

    @Test func anUnknownJobIsAClearError() async throws {
        await #expect(throws: CommandError.self) { try await follower(FakeView()).run([JobID(rawValue: 9)]) }
    }
}
