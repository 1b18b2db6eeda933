import MayflyCore

/// What is said at the end of a job: how it ended, where its results are, and what became of all it created.
enum SummaryText {
    static func lines(_ job: JobRecord, style: Style) -> [String] {
        var lines = [headline(job, style: style)]
        if let reason = job.reason, job.outcome?.isSuccess != true {
            lines.append("  reason    \(ControlSequences.line(reason.message))")
            if let words = cloudWords(reason) { lines.append("            the cloud said: \(words)") }
        }
        if job.attempts.count > 1 {
            let ends = job.attempts.map { $0.outcome?.word ?? "lost" }
            lines.append("  attempts  \(job.attempts.count): \(ends.joined(separator: ", "))")
        }
        lines += verdict(job).map { "  verdict   \($0)" }
        let phases = job.phaseTimes.map { "\($0.phase) \(TimeText.duration($0.elapsed))" }
        if !phases.isEmpty { lines.append("  time      \(phases.joined(separator: ", "))") }
        lines.append("  results   \(job.resultsFolder)\(deliveryNote(job))")
        lines += objects(job).map { "  \($0)" }
        for warning in job.attempts.flatMap(\.warnings) {
            lines.append("  \(style.bad("warning"))   \(ControlSequences.line(warning))")
        }
        lines.append("  next      \(nextCommands(job))")
        return lines
    }

    /// `job 41 (train): failed, exit code 7, after 1m 12s`
    static func headline(_ job: JobRecord, style: Style) -> String {
        var text = "\(job.title): "
        guard let outcome = job.outcome else { return text + "not finished (\(job.phaseWord))" }
        text += outcome.isSuccess ? style.good(outcome.word) : style.bad(outcome.word)
        if job.forestalledAttempt == nil, let code = job.attempt?.exitCode { text += ", exit code \(code)" }
        text += ", after \(TimeText.duration(job.age()))"
        return style.strong(text)
    }

    /// What probably made it fail, where there are signs.
    static func verdict(_ job: JobRecord) -> [String] {
        job.attempt?.verdict.map { ["\(ControlSequences.line($0)) (blackbox.txt says more)"] } ?? []
    }

    /// One line for each thing the job created, from the intent to the proof that it is gone.
    static func objects(_ job: JobRecord) -> [String] {
        let all = job.attempts.flatMap(\.objects)
        if all.isEmpty { return ["instance  none was created"] }
        return lines(of: all) + billable(job)
    }

    /// `billable  1m 12s to 1m 15s, from created to destroy accepted, by the cloud's clock`
    private static func billable(_ job: JobRecord) -> [String] {
        guard let estimate = job.billableEstimate else { return [] }
        let (min, max) = (TimeText.duration(.seconds(estimate.min)), TimeText.duration(.seconds(estimate.max)))
        return ["billable  \(min == max ? min : "\(min) to \(max)"), from created to destroy accepted"]
    }

    private static func lines(of objects: [CreatedObject]) -> [String] {
        objects.map { object in
            let id = ControlSequences.line(object.cloudID ?? object.name)
            switch object.kind {
            case .instance: return "instance  " + instance(object, id)
            case .snapshot: return "snapshot  " + snapshot(object, id)
            }
        }
    }

    private static func instance(_ object: CreatedObject, _ id: String) -> String {
        switch object.state {
        case .gone:
            let time = object.goneAt.map { " at \(TimeText.clock($0))" } ?? ""
            return "\(id) destroyed, gone from GET and list\(time)"
        case .destroyAccepted:
            let time = object.destroyAcceptedAt.map { " at \(TimeText.clock($0))" } ?? ""
            return "\(id): destruction accepted\(time), its absence is not proven yet"
        case .refused: return "none was created: the cloud refused"
        case .unsettled: return "\(id) was not seen; the keeper watches for it until its expiry"
        case .intended: return "\(id) was asked for; whether it exists is not known"
        case .existing: return "\(id) may still exist: it was not proved gone"
        case .kept: return "\(id) was kept"
        }
    }

    private static func snapshot(_ object: CreatedObject, _ id: String) -> String {
        let name = ControlSequences.line(object.name)
        switch object.state {
        case .kept, .existing: return "\(id) (\(name)) kept; boot from it with image: \(id)"
        case .intended, .unsettled: return "\(name) was asked for; whether it exists is not known"
        case .refused: return "none was created: the cloud refused"
        case .destroyAccepted, .gone: return "\(id) (\(name)) deleted"
        }
    }

    private static func cloudWords(_ reason: Reason) -> String? {
        let words = [reason.cloudCode, reason.cloudMessage].compactMap { $0 }.joined(separator: ": ")
        return words.isEmpty ? nil : ControlSequences.line(words)
    }

    private static func deliveryNote(_ job: JobRecord) -> String {
        switch job.attempt?.delivery {
        case .complete: ""
        case .partial: " (incomplete: some outputs did not arrive)"
        case .some(.none), nil: " (no outputs: the command did not run to its end)"
        }
    }

    private static func nextCommands(_ job: JobRecord) -> String {
        if !job.isFinished { return "mayfly attach \(job.id), mayfly show \(job.id), mayfly audit" }
        if job.outcome?.isSuccess == true { return "ls \(quoted(job.resultsFolder))/outputs, mayfly show \(job.id)" }
        return "mayfly logs \(job.id), mayfly show \(job.id)"
    }

    private static func quoted(_ path: String) -> String {
        let plain = path.utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "/._-+".utf8.contains($0)
        }
        return plain
            ? path
            : "'"
                + path.split(separator: "'", omittingEmptySubsequences: false).joined(
                    separator: "'\\''") + "'"
    }
}
