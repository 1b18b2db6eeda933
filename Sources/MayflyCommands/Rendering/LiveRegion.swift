import MayflyCore

/// The lines at the bottom of a terminal: one per job, with its phase, how long it lasts and what it waits for.
enum LiveRegion {
    static func lines(
        _ jobs: [JobRecord], now: Moment, pending: [String], question: String?, rows: Int, style: Style
    ) -> [String] {
        let width = jobs.map(\.definition.name.count).max() ?? 0
        let room = max(1, rows - 2 - pending.count - (question == nil ? 0 : 1))
        // What needs attention longest is what moves: running jobs before those that still queue.
        let ordered = jobs.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }
        let shown = ordered.count > room ? ordered.prefix(max(0, room - 1)) : ordered[...]
        var lines = pending
        lines += shown.map { line($0.element, width: width, now: now, style: style) }
        if shown.count < ordered.count {
            lines.append(style.faint("… and \(ordered.count - shown.count) more: `mayfly ls`"))
        }
        if let question { lines.append(style.strong(question)) }
        return lines
    }

    static func line(_ job: JobRecord, width: Int, now: Moment, style: Style) -> String {
        let name = job.definition.name + String(repeating: " ", count: max(0, width - job.definition.name.count))
        let phase = job.phaseWord + String(repeating: " ", count: max(0, 12 - job.phaseWord.count))
        var line = "\(style.faint("job \(job.id)")) \(name)  \(style.strong(phase))"
        line += TimeText.duration(job.phaseElapsed(now))
        if job.cancelRequestedAt != nil { line += "  cancelling" }
        if let wait = job.waitText { line += "  \(style.faint(wait))" }
        return line
    }

    private static func rank(_ job: JobRecord) -> Int { job.attempt.map { $0.phase == .queued ? 1 : 0 } ?? 1 }
}
