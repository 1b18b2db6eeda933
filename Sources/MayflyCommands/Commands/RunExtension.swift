import Keeper
import MayflyCore

/// More time for a command that runs.
struct RunExtension {
    let job: JobRecord
    let attempt: AttemptState
    /// Until when it may run now, and until when it is to.
    let present: WallTime
    let end: WallTime

    /// `nil` when its command does not run, or is being stopped.
    init?(of job: JobRecord, by extra: Duration) {
        guard !job.isFinished, let attempt = job.attempt, case .running(_, nil) = attempt.phase,
            let present = attempt.runEnd(job.definition.timeouts)
        else { return nil }
        self.job = job
        self.attempt = attempt
        self.present = present
        end = present.advanced(by: extra)
    }

    /// The latest end that leaves time to collect, for a snapshot and to destroy; and what sets it.
    var latest: (end: WallTime, why: String) {
        let byExpiry = job.definition.latestHoldEnd(expiry: attempt.expiry)
        if let total = job.definition.timeouts.total, let began = job.leftQueueAt,
            case let byTotal = began.wall.advanced(by: total), byTotal < byExpiry
        {
            return (byTotal, "timeouts.total ends the job then")
        }
        return (
            byExpiry,
            "its instance's expiry was fixed before it was created, and collecting, a snapshot and its end take time too"
        )
    }

    /// - Throws: ``CommandError``.
    func ask(in store: any JobStore, _ home: MayflyHome, _ context: CommandContext) async throws -> Int32 {
        guard end <= latest.end else {
            let room = latest.end > present ? "until \(TimeText.iso8601(latest.end)) at the latest" : "no longer"
            throw CommandError(
                code: .usage,
                message:
                    "\(job.title): its command may run until \(TimeText.iso8601(present)) and can be let run \(room): "
                    + latest.why)
        }
        let timeouts = job.definition.timeouts
        let after = try await HeldJob.ask(RunWish(end: end), of: job, attempt.number, in: store, home, context) {
            state in
            state.runEnd(timeouts) ?? present >= end || state.refusedRunEnd == end || state.phase.word != "running"
        }
        guard let reached = after.runEnd(timeouts), reached >= end else {
            let why = after.warnings.last { $0.hasPrefix("the command's limit was not extended") }
            throw CommandError(
                code: .state,
                message:
                    "\(job.title): \(ControlSequences.line(why ?? "its command ended before its limit could be moved"))"
            )
        }
        context.console.error(
            line: "\(job.title): its command may run until \(TimeText.iso8601(reached)); at the latest until "
                + TimeText.iso8601(latest.end))
        return 0
    }
}
