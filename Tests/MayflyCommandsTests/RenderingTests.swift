import Foundation
import MayflyCore
import Testing

@testable import MayflyCommands

@Suite struct TimeTextTests {
    @Test(arguments: [
        (0, "0.0s"), (450, "0.4s"), (12_300, "12s"), (65_000, "1m 05s"), (7_500_000, "2h 05m"), (97_200_000, "1d 3h"),
        (-5, "0.0s"),
    ])
    func durations(_ milliseconds: Int64, _ expected: String) {
        #expect(TimeText.duration(.milliseconds(milliseconds)) == expected)
    }

    @Test(arguments: [(1800, "30m"), (9000, "2h30m"), (86_400, "1d"), (90, "1m30s"), (0, "0s")])
    func limits(_ seconds: Int64, _ expected: String) {
        #expect(TimeText.limit(.seconds(seconds)) == expected)
        #expect(DurationArgument(argument: expected)?.duration == .seconds(seconds))
    }

    @Test func dates() {
        #expect(TimeText.iso8601(WallTime(rawValue: 951_782_399_999)) == "2000-02-28T23:59:59.999Z")
        #expect(TimeText.iso8601(WallTime(rawValue: 951_868_800_000)) == "2000-03-01T00:00:00.000Z")
        #expect(TimeText.iso8601(WallTime(rawValue: -1)) == "1969-12-31T23:59:59.999Z")
        #expect(TimeText.clock(Samples.start) == "22:13:20Z")
    }

    @Test func malformedDurationsAreRefused() {
        for text in ["", "5", "h", "1x", "-1s", "99999999999999999999s"] {
            #expect(DurationArgument(argument: text) == nil, "\(text)")
        }
    }

    @Test func sizes() {
        #expect(SizeText.bytes(999) == "999 B")
        #expect(SizeText.bytes(23_400) == "23.4 KB")
        #expect(SizeText.bytes(999_990) == "1.0 MB")
    }
}

@Suite struct SummaryTests {
    private let style = Style(isColored: false)

    @Test func successSaysWhereAndThatItIsGone() {
        #expect(
            SummaryText.lines(Samples.finished(), style: style) == [
                "job 41 (train): succeeded, exit code 0, after 1m 12s",
                "  time      queued 1.0s, creating 1.0s, running 1.0s, destroying 1.0s, verifying 1m 08s",
                "  results   /r/train-41",
                "  instance  i-1 destroyed, gone from GET and list at 22:13:32Z",
                "  next      ls /r/train-41/outputs, mayfly show 41",
            ])
    }

    @Test func failureNamesReasonAndWarnings() {
        var job = Samples.finished(outcome: .failedSetup, exitCode: nil, delivery: .none)
        job.attempts[0].reason = Reason(
            code: "setup-failed", message: "setup ended with 3\u{1B}[2J", cloudCode: "x", cloudMessage: "y")
        job.attempts[0].warnings = ["two\nlines"]
        let lines = SummaryText.lines(job, style: style)
        #expect(lines.contains("  reason    setup ended with 3^[[2J"))
        #expect(lines.contains("            the cloud said: x: y"))
        #expect(lines.contains("  warning   two lines"))
        #expect(lines.contains("  next      mayfly logs 41, mayfly show 41"))
    }

    @Test func whatIsNotProvenIsNotSaid() {
        for state in [CreatedObject.State.existing, .destroyAccepted, .unsettled, .intended] {
            var job = Samples.finished()
            job.attempts[0].objects[0].state = state
            #expect(!SummaryText.objects(job).joined().contains("gone from GET"))
        }
    }
}

@Suite struct ProgressTests {
    @Test func everyPhaseOnceAndTheEndNever() {
        var progress = ProgressLines()
        var job = Samples.job()
        job.attempts = [Samples.attempt(phases: ["queued", "creating"])]
        let first = progress.lines(job, from: nil, now: Samples.moment(1))
        #expect(first == ["22:13:20Z job 41 (train): queued", "22:13:21Z job 41 (train): creating"])
        var later = job
        later.attempts = [Samples.attempt(phases: ["queued", "creating", "booting", "done"])]
        #expect(progress.lines(later, from: job, now: Samples.moment(4)) == ["22:13:22Z job 41 (train): booting"])
    }

    @Test func waitingIsSaidWhenItLastsAndThenSeldom() {
        var progress = ProgressLines()
        var job = Samples.job()
        job.waitingFor = "token: mayfly login"
        #expect(progress.waitLine(job, now: Samples.moment(0)) == nil)
        #expect(progress.waitLine(job, now: Samples.moment(1)) != nil)
        #expect(progress.waitLine(job, now: Samples.moment(60)) == nil)
        job.waitingFor = "a slot"
        #expect(progress.waitLine(job, now: Samples.moment(20)) == nil)
        #expect(progress.waitLine(job, now: Samples.moment(61)) != nil)
    }

    /// A new phase's wait is news however lately the last one's was.
    @Test func waitingOfAnotherPhaseIsNews() {
        var progress = ProgressLines()
        var job = Samples.job()
        job.waitingFor = "token"
        _ = progress.waitLine(job, now: Samples.moment(0))
        #expect(progress.waitLine(job, now: Samples.moment(2)) != nil)
        job.attempts = [Samples.attempt(phases: ["queued", "creating"])]
        job.attempts[0].phase = .creating
        job.attempts[0].waitingFor = "the cloud"
        #expect(progress.waitLine(job, now: Samples.moment(3)) == nil)
        #expect(progress.waitLine(job, now: Samples.moment(4)) != nil)
    }

    @Test func theLiveRegionFitsTheTerminal() {
        let jobs = (1...50).map { Samples.job($0, name: "j\($0)") }
        let lines = LiveRegion.lines(
            jobs, now: Samples.moment(5), pending: [], question: "?", rows: 10, style: Style(isColored: false))
        #expect(lines.count <= 9)
        #expect(lines.contains { $0.contains("and 44 more") })
        #expect(lines.last == "?")
    }

    @Test func twoJobsOfOneNameAreToldApart() {
        let jobs = [Samples.job(1, name: "a"), Samples.job(2, name: "a"), Samples.job(3, name: "b")]
        #expect(Set(PeopleView.names(jobs).values) == ["a-1", "a-2", "b"])
    }

    @Test func noColor() {
        #expect(Style(isTerminal: true, environment: [:]).isColored)
        #expect(!Style(isTerminal: true, environment: ["NO_COLOR": "1"]).isColored)
        #expect(!Style(isTerminal: false, environment: [:]).isColored)
    }
}

@Suite struct JobEventTests {
    private func object(_ event: JobEvent) throws -> [String: Any] {
        let json = try JSONSerialization.jsonObject(with: Data(event.line().utf8))
        return try #require(json as? [String: Any])
    }

    @Test func outputIsExact() throws {
        let bytes: [UInt8] = [0, 0xFF, 0x0A]
        let event = try object(
            .output(LogPlace(job: JobID(rawValue: 4), attempt: 2, log: .stderr), offset: 7, bytes))
        #expect(event["v"] as? Int == 1)
        #expect(event["event"] as? String == "output")
        #expect(event["offset"] as? Int == 7)
        #expect(Data(base64Encoded: try #require(event["data"] as? String)) == Data(bytes))
    }

    @Test func finishedCarriesBothCodes() throws {
        let event = try object(.finished(Samples.finished(outcome: .succeeded, exitCode: 0, delivery: .partial)))
        #expect(event["exit_code"] as? Int == 0)
        #expect(event["status"] as? Int == 246)
        #expect(event["outcome"] as? String == "succeeded")
        #expect(!(try JobEvent.finished(Samples.finished()).line()).contains("\n"))
    }

    @Test func noPhaseIsLeftOut() {
        var job = Samples.job()
        job.attempts = [Samples.attempt(phases: ["queued", "creating", "booting"])]
        #expect(JobEvent.phases(job, from: nil).compactMap(\.phase) == ["queued", "creating", "booting"])
    }
}

/// How long a job took is measured where it happened, whatever was done to this host's clocks.
@Suite struct AgeTests {
    private func job(_ spans: [PhaseSpan]) -> JobRecord {
        var job = Samples.job(41, results: "/r")
        var state = Samples.attempt(41)
        state.spans = spans
        job.attempts = [state]
        return job
    }

    /// The wall clock is set by a day while it runs, and in another the host boots again.
    @Test(arguments: [86_400, -86_400])
    func settingTheClockChangesNothing(shift: Int64) {
        var end = Samples.moment(10)
        end.wall = end.wall.advanced(by: .seconds(shift))
        var record = job([
            PhaseSpan(phase: "queued", began: Samples.moment(0), elapsed: 4000),
            PhaseSpan(phase: "running", began: Samples.moment(4)),
        ])
        #expect(record.age(end) == .seconds(10))
        record.attempts[0].spans[1].elapsed = 6000
        record.attempts[0].spans.append(PhaseSpan(phase: "verifying", began: end, elapsed: 90_000))
        record.attempts[0].phase = .done
        record.finishedAt = end.wall
        #expect(record.age() == .seconds(100), "to the end of the proof")
    }

    @Test func afterAnotherBootTheWallClockCounts() {
        let began = Moment(wall: Samples.start, boot: Samples.moment(0).boot.advanced(by: .seconds(864_000)))
        let now = Moment(wall: Samples.start.advanced(by: .seconds(600)), boot: Samples.moment(0).boot)
        let record = job([PhaseSpan(phase: "running", began: began)])
        #expect(record.age(now) == .seconds(600) && record.phaseElapsed(now) == .seconds(600))
    }
}
