import Foundation
import MayflyCore
import Testing

@testable import MayflyCommands

/// What people and programs see of a job whose instance is held, and of one that waits for another attempt.
@Suite struct HoldRenderingTests {
    private static func held(_ cause: Hold.Cause = .failure) -> JobRecord {
        var job = Samples.job()
        var state = Samples.attempt(phases: ["queued", "creating", "running", "collecting", "holding"])
        state.phase = .holding(ReachableInstance(id: InstanceID(rawValue: "i"), address: "192.0.2.1", sshPort: 22))
        state.outcome = .failedUser(exitCode: 7)
        state.hold = Hold(cause: cause, began: Samples.moment(4), length: .seconds(1200))
        job.attempts = [state]
        return job
    }

    @Test func aHoldSaysUntilWhenAndWhatToDo() throws {
        let words = "held until 22:33:24Z for a look: `mayfly ssh 41`, `mayfly extend 41 +1h`, `mayfly release 41`"
        var job = Self.held()
        #expect(job.waitText == words && job.isAtWork && job.phaseWord == "holding")
        #expect(Self.held(.collect).waitText?.contains("it is tried again") == true)
        var progress = ProgressLines()
        var lines = progress.lines(job, from: nil, now: Samples.moment(5))
        #expect(lines.suffix(2) == ["22:13:24Z job 41 (train): holding", "22:13:25Z job 41 (train): \(words)"])
        // What is told at once is not told again as waiting, what is in its way is.
        #expect(progress.waitLine(job, now: Samples.moment(9)) == nil)
        var moved = job
        moved.attempts[0].hold?.length = .seconds(2400)
        lines = progress.lines(moved, from: job, now: Samples.moment(6))
        #expect(lines.count == 1 && lines[0].contains("held until 22:53:24Z"))
        #expect(JobEvent.row(job).heldUntil == "2023-11-14T22:33:24.000Z")
        job.attempts[0].waitingFor = "connection refused"
        #expect(job.waitText == words + "; connection refused")
        job.finishedAt = Samples.start
        #expect(job.waitText == nil && JobEvent.row(job).heldUntil == nil)
    }

    @Test func severalAttemptsAreTold() {
        var job = Samples.finished()
        #expect(!SummaryText.lines(job, style: Samples.context().errorStyle).joined().contains("attempts"))
        var first = job.attempts[0]
        first.outcome = .failedCapacity
        job.attempts.insert(first, at: 0)
        let lines = SummaryText.lines(job, style: Samples.context().errorStyle)
        #expect(lines.contains("  attempts  2: failed(capacity), succeeded"))
    }

    /// Whoever attaches brings secrets as long as a command may yet be started.
    @Test func secretsAreNeededAsLongAsAnotherAttemptMayFollow() {
        var job = Samples.job()
        #expect(job.mayNeedSecrets)
        job.attempts = [Samples.attempt()]
        #expect(job.mayNeedSecrets)
        job.attempts[0].commandStarted = true
        #expect(!job.mayNeedSecrets)
        job.definition.retry = RetryPolicy(attempts: 2, exitCodes: [75])
        #expect(job.mayNeedSecrets)
        job.attempts[0].number = 2
        #expect(!job.mayNeedSecrets)
    }
}
