import Foundation
import MayflyCore
import MayflyTestKit
import Testing

/// What is tried again, and when: decided from what is stored alone.
@Suite struct RetryTests {
    private static let capacity = ProviderError(kind: .capacity, reason: Sample.reason)

    /// Ends of attempts by what led to them.
    enum End: String, CaseIterable {
        case capacity, refused, account, neverCreated, instanceFailed, neverUp, neverReached, setup, setupClock, user
        case instanceFailedLate, supervisorDied, runClock, success, hostKey

        var events: [AttemptEvent] {
            let setup = Array(Sample.toRunning.prefix(6))
            switch self {
            case .capacity: return [.began, .createRefused(RetryTests.capacity)]
            case .refused: return [.began, .createRefused(ProviderError(kind: .refused, reason: Sample.reason))]
            case .account: return [.began, .createRefused(ProviderError(kind: .account, reason: Sample.reason))]
            case .neverCreated: return [.began, .createUnsettled(Sample.reason)]
            case .instanceFailed: return Array(Sample.toRunning.prefix(2)) + [.instanceFailed(Sample.reason)]
            case .neverUp: return Array(Sample.toRunning.prefix(2)) + [.clockExpired(.provision)]
            case .neverReached: return Array(Sample.toRunning.prefix(3)) + [.clockExpired(.provision)]
            case .setup: return setup + [.setupEnded(.exited(3))]
            case .setupClock: return setup + [.clockExpired(.setup)]
            case .user: return Sample.toRunning + Self.ended(.exited(75))
            case .instanceFailedLate: return Sample.toRunning + [.instanceFailed(Sample.reason)]
            case .supervisorDied: return Sample.toRunning + Self.ended(.unknown)
            case .runClock: return Sample.toRunning + Self.ended(.timedOut)
            case .success: return Sample.toRunning + Self.ended(.exited(0))
            case .hostKey:
                return Array(Sample.toRunning.prefix(3))
                    + [.connectionGivenUp(Reason(code: "host-key-changed", message: "another key"))]
            }
        }

        private static func ended(_ result: StageResult) -> [AttemptEvent] {
            [.commandEnded(result, logsComplete: true), .collected(complete: true, warnings: [])]
        }
    }

    private static func job(_ end: End, _ policy: RetryPolicy?, total: Duration? = nil) -> JobRecord {
        var definition = Sample.full()
        definition.retry = policy
        definition.timeouts.total = total
        var walk = Walk(definition)
        for event in end.events { walk.feed(event) }
        walk.feed(.destroyAccepted, .verifiedGone)
        return JobRecord(
            id: JobID(rawValue: 41), definition: definition, cloud: Fixtures.newJob().cloud, resultsParent: "/r",
            submission: "s", submissionLimit: 1, submittedAt: Fixtures.now.wall, attempts: [walk.machine.state])
    }

    @Test(arguments: End.allCases)
    func theDefaultNeverRunsACommandTwice(end: End) throws {
        let again: Set<End> = [.capacity, .neverCreated, .instanceFailed, .neverUp, .neverReached]
        let job = Self.job(end, nil)
        #expect(job.attempt?.isDone == true)
        let next = job.nextAttempt
        #expect((next != nil) == again.contains(end), "\(end)")
        #expect(job.phaseWord == (next == nil ? "done" : "queued"))
        if let next {
            #expect(next.number == 2 && next.limit == 3)
            #expect(next.wait == (end == .neverCreated ? .zero : .seconds(30)))
        }
        #expect(Self.job(end, RetryPolicy(attempts: 1)).nextAttempt == nil)
    }

    @Test(arguments: [
        (End.user, [RetryCause.user], [Int32](), true), (.user, [.user], [1], false), (.user, [], [75], true),
        (.user, [.setup], [], false), (.setup, [.setup], [], true), (.setupClock, [.setup], [], true),
        (.instanceFailedLate, [.cloud], [], true), (.supervisorDied, [.lost], [], true),
        (.supervisorDied, [.cloud], [], false), (.runClock, RetryCause.allCases, [], false),
        (.success, RetryCause.allCases, [], false), (.refused, RetryCause.allCases, [], false),
        (.account, RetryCause.allCases, [], false), (.hostKey, RetryCause.allCases, [], false),
        (.capacity, [], [], false), (.neverCreated, [], [], true),
    ])
    func aSpecSaysWhatIsTriedAgain(end: End, when: [RetryCause], codes: [Int32], again: Bool) {
        #expect((Self.job(end, RetryPolicy(when: when, exitCodes: codes)).nextAttempt != nil) == again)
    }

    /// `gpu` narrows `user`: the command failed, and its GPU clearly had.
    @Test func aBrokenGPUIsAClassOfItsOwn() {
        func next(_ end: End, _ policy: RetryPolicy?, broken: Bool?) -> NextAttempt? {
            var job = Self.job(end, policy)
            job.attempts[0].gpuFault = broken
            return job.nextAttempt
        }
        let policy = RetryPolicy(when: [.gpu])
        #expect(next(.user, policy, broken: true)?.number == 2)
        #expect(next(.user, policy, broken: nil) == nil)
        #expect(next(.user, nil, broken: true) == nil, "never by default")
        #expect(next(.user, RetryPolicy(when: [.user], exitCodes: [1]), broken: true) == nil)
        #expect(next(.user, RetryPolicy(when: [.gpu], exitCodes: [1]), broken: true) != nil)
        for end in [End.success, .setup, .runClock, .supervisorDied] {
            #expect(next(end, policy, broken: true) == nil, "\(end)")
        }
        #expect(policy.asksForTheGPU(after: Self.job(.user, policy).attempts[0]))
        #expect(!policy.asksForTheGPU(after: Self.job(.setup, policy).attempts[0]))
        #expect(!RetryPolicy(when: [.user]).asksForTheGPU(after: Self.job(.user, nil).attempts[0]))
    }

    @Test func nothingFollowsACancelAFinishOrTheTotalClock() {
        var job = Self.job(.capacity, nil)
        #expect(job.nextAttempt != nil)
        job.cancelRequestedAt = Fixtures.now.wall
        #expect(job.nextAttempt == nil)
        job.cancelRequestedAt = nil
        job.attempts[0].cancelRequested = true
        #expect(job.nextAttempt == nil)
        job.attempts[0].cancelRequested = false
        job.attempts[0].teardown = .leaked(["i-1"])
        #expect(job.nextAttempt == nil)
        #expect(Self.job(.capacity, nil, total: .seconds(30)).nextAttempt == nil)
        #expect(Self.job(.capacity, nil, total: .seconds(60)).nextAttempt != nil)
    }

    /// The attempt's outcome is written once; the job's follows from what was to come.
    @Test func aCancelBeforeTheNextAttemptCancelsTheJob() throws {
        for end in End.allCases {
            var job = Self.job(end, RetryPolicy(when: RetryCause.allCases))
            let planned = job.nextAttempt
            let before = job.outcome
            #expect(before == job.attempt?.outcome)
            job.cancelRequestedAt = Fixtures.now.wall
            job.finishedAt = Fixtures.now.wall
            #expect(job.outcome == (planned == nil ? before : .cancelled), "\(end)")
            #expect(job.forestalledAttempt == planned)
            #expect(job.attempt?.outcome == before)
        }
        var job = Self.job(.user, RetryPolicy(when: [.user]))
        job.attempts[0].cancelRequested = true
        let receipt = Receipt(of: job, finishedAt: Fixtures.now.wall) { "\($0.rawValue)" }
        #expect(receipt.outcome == "cancelled" && receipt.attemptOutcomes == ["failed"] && receipt.exitCode == 75)
        #expect(
            receipt.reason?.message
                == "cancelled before attempt 2 of 3 began; attempt 1 ended as failed, exit code 75")
        #expect(ExitCode.of(outcome: try #require(job.outcome), delivery: .complete, teardown: .clean) == 245)
        // Nothing was to follow: it ended as it did.
        #expect(Self.job(.user, nil).outcome == .failedUser(exitCode: 75))
    }

    @Test func waitsDoubleUpToTheirBound() {
        var state = Self.job(.capacity, nil).attempts[0]
        let waits = [1, 2, 3, 5, 6, 60].map { number in
            state.number = number
            return RetryPolicy(attempts: 100).wait(after: state)
        }
        #expect(waits == [.seconds(30), .seconds(60), .seconds(120), .seconds(480), .seconds(600), .seconds(600)])
        #expect(RetryPolicy(backoff: .seconds(3600)).wait(after: state) == .seconds(3600))
    }

    @Test func storedForm() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let policy = RetryPolicy(attempts: 5, when: [.capacity, .lost], exitCodes: [75], backoff: .seconds(90))
        let text = #"{"attempts":5,"backoff":90000,"exit_codes":[75],"when":["capacity","lost"]}"#
        #expect(String(decoding: try encoder.encode(policy), as: UTF8.self) == text)
        #expect(try RoundTrip.through(policy) == policy)
        #expect(
            String(decoding: try encoder.encode(RetryPolicy()), as: UTF8.self) == #"{"attempts":3,"backoff":30000}"#)
    }

    /// An attempt that an older Mayfly ended has no cause on record: a lost create is tried again all the same.
    @Test func whatAnOlderMayflyEnded() {
        var job = Self.job(.neverCreated, nil)
        job.attempts[0].retryCause = nil
        #expect(job.nextAttempt != nil)
        var refused = Self.job(.capacity, nil)
        refused.attempts[0].retryCause = nil
        #expect(refused.nextAttempt == nil)
    }
}
