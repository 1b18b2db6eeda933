import MayflyCore

/// Everything of one job that a person may ask for.
enum DetailText {
    static func lines(_ job: JobRecord, now: Moment, style: Style) -> [String] {
        let definition = job.definition
        let machine = definition.machine
        var lines: [String]
        if job.isFinished {
            lines = [SummaryText.headline(job, style: style)]
        } else {
            let elapsed = TimeText.duration(job.phaseElapsed(now))
            lines = [style.strong("\(job.title): \(job.phaseWord) for \(elapsed)")]
            if let wait = job.waitText { lines.append(field("waits for", wait)) }
            if job.cancelRequestedAt != nil { lines.append(field("cancel", "requested")) }
        }
        if let reason = job.reason {
            lines.append(field("reason", "\(reason.message) (\(reason.code))"))
        }
        lines += SummaryText.verdict(job).map { field("verdict", $0) }
        lines.append(field("cloud", job.cloudText))
        let disk = machine.diskSizeGiB.map { ", \($0) GiB" } ?? ""
        lines.append(field("machine", "\(machine.type)\(disk), image \(machine.image), region \(machine.region)"))
        lines.append(field("command", command(definition)))
        if let code = definition.code {
            let commit = code.gitCommit.map { ", git \($0)\(code.gitDirty ? " with uncommitted changes" : "")" } ?? ""
            lines.append(
                field("code", "\(code.fileCount) files, \(SizeText.bytes(code.byteCount)), \(code.sha256)\(commit)"))
        }
        for (name, value) in definition.labels.sorted(by: { $0.key < $1.key }) {
            lines.append(field("label", "\(name)=\(value)"))
        }
        lines.append(field("submitted", TimeText.iso8601(job.submittedAt)))
        lines.append(field("results", job.resultsFolder))
        for attempt in job.attempts { lines += attemptLines(attempt, many: job.attempts.count > 1, now: now) }
        lines += SummaryText.objects(job).map { "  \($0)" }
        lines += job.attempts.flatMap(\.warnings).map { field("warning", $0) }
        return lines
    }

    private static func attemptLines(_ attempt: AttemptState, many: Bool, now: Moment) -> [String] {
        var lines = many ? ["  attempt \(attempt.number)"] : []
        if let instance = attempt.instance {
            let address = instance.address.map { " at \($0)" } ?? ""
            lines.append(field("runs on", "\(instance.id) \(instance.name)\(address)"))
            lines.append(field("expires", TimeText.iso8601(attempt.expiry)))
        }
        if let end = attempt.runsUntil { lines.append(field("may run", "until \(TimeText.iso8601(end)): extended")) }
        for span in attempt.spans where span.phase != "done" {
            let elapsed =
                span.elapsed.map { Duration.milliseconds($0) }
                ?? span.began.span(to: now)
            let name = span.phase + String(repeating: " ", count: max(1, 13 - span.phase.count))
            lines.append(field(TimeText.clock(span.began.wall), name + TimeText.duration(elapsed)))
        }
        if let logs = attempt.sealedLogs {
            for (log, sealed) in [(JobLog.stdout, logs.stdout), (.stderr, logs.stderr)] {
                let dropped = sealed.dropped.map { ", \(SizeText.bytes($0)) more beyond log_limit" } ?? ""
                lines.append(
                    field("sealed", "\(log.fileName): \(sealed.bytes) bytes, sha256 \(sealed.sha256)\(dropped)"))
            }
        }
        return lines
    }

    private static func command(_ job: JobDefinition) -> String {
        let words: [String]
        switch job.command {
        case .shell(let text): words = [text] + job.extraArguments
        case .argv(let arguments): words = arguments + job.extraArguments
        }
        let text = words.joined(separator: " ")
        return text.count > 200 ? "\(text.prefix(200))…" : text
    }

    private static func field(_ name: String, _ value: String) -> String {
        "  \(name)\(String(repeating: " ", count: max(1, 10 - name.count)))\(ControlSequences.line(value))"
    }
}
