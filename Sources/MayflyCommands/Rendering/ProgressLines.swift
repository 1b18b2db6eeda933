import MayflyCore

/// Progress where there is no terminal: one stamped line per phase, and what a phase waits for, but not at every tick.
struct ProgressLines {
    /// A wait that is shorter is nobody's business.
    static let patience: Duration = .seconds(1)
    /// How seldom the same phase's waiting is said in other words.
    static let waitInterval: Duration = .seconds(30)

    private struct Wait {
        var phase: String
        var since: Moment
        var said: (text: String, at: Moment)?
    }

    private var waits: [JobID: Wait] = [:]

    mutating func lines(_ job: JobRecord, from previous: JobRecord?, now: Moment) -> [String] {
        let before = previous.map { Set($0.attempts.map(\.number)) } ?? []
        var lines: [String] = []
        for attempt in job.attempts {
            let known = previous?.attempts.first { $0.number == attempt.number }?.spans.count ?? 0
            if !before.contains(attempt.number) && attempt.number > 1 {
                lines.append(stamped(now.wall, job, "attempt \(attempt.number)"))
            }
            // The end has its own summary.
            for span in attempt.spans.dropFirst(known) where span.phase != "done" {
                lines.append(stamped(span.began.wall, job, span.phase))
            }
        }
        if let hold = job.holdText, hold != previous?.holdText { lines.append(stamped(now.wall, job, hold)) }
        if job.cancelRequestedAt != nil && previous?.cancelRequestedAt == nil {
            lines.append(stamped(now.wall, job, "cancel requested"))
        }
        return lines
    }

    /// What a job has been waiting for, once that has lasted.
    mutating func waitLine(_ job: JobRecord, now: Moment) -> String? {
        // A hold is told when it begins and when it is moved.
        guard let text = job.holdText == nil ? job.waitText : job.attempt?.waitingFor.map(ControlSequences.line) else {
            waits[job.id] = nil
            return nil
        }
        var wait = waits[job.id] ?? Wait(phase: job.phaseWord, since: now)
        if wait.phase != job.phaseWord { wait = Wait(phase: job.phaseWord, since: now) }
        defer { waits[job.id] = wait }
        guard wait.since.boot.duration(to: now.boot) >= Self.patience else { return nil }
        if let said = wait.said {
            guard said.text != text, said.at.boot.duration(to: now.boot) >= Self.waitInterval else { return nil }
        }
        wait.said = (text, now)
        return stamped(now.wall, job, "\(job.phaseWord), waiting for: \(text)")
    }

    private func stamped(_ time: WallTime, _ job: JobRecord, _ text: String) -> String {
        "\(TimeText.clock(time)) \(job.title): \(text)"
    }
}
