import MayflyCore

/// Progress where there is no terminal: one stamped line per phase, and what a phase waits for, but not at every tick.
struct ProgressLines {
    static let waitInterval: Duration = .seconds(30)

    private var said: [JobID: (text: String, at: Moment)] = [:]

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
        if job.cancelRequestedAt != nil && previous?.cancelRequestedAt == nil {
            lines.append(stamped(now.wall, job, "cancel requested"))
        }
        if let wait = job.waitText, isNews(wait, job.id, now) {
            said[job.id] = (wait, now)
            lines.append(stamped(now.wall, job, "\(job.phaseWord), waiting for: \(wait)"))
        }
        return lines
    }

    private func isNews(_ text: String, _ job: JobID, _ now: Moment) -> Bool {
        guard let last = said[job] else { return true }
        return last.text != text && last.at.boot.duration(to: now.boot) >= Self.waitInterval
    }

    private func stamped(_ time: WallTime, _ job: JobRecord, _ text: String) -> String {
        "\(TimeText.clock(time)) \(job.title): \(text)"
    }
}
