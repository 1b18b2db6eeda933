import MayflyCore

/// What a job's row means to people, so that every view says the same.
extension JobRecord {
    /// `job 41 (train)`
    var title: String { "job \(id) (\(definition.name))" }

    /// The outcome; a job that was over before its first attempt began was cancelled or lost.
    var outcome: Outcome? {
        if let outcome = attempt?.outcome { return outcome }
        guard isFinished else { return nil }
        return cancelRequestedAt == nil ? .lost : .cancelled
    }

    /// The exit code of `run` and `attach` for this job as it stands: one that is not finished may have leaked.
    var exitStatus: Int32 {
        guard isFinished else { return ExitCode.mayHaveLeaked }
        return ExitCode.of(
            outcome: outcome ?? .lost, delivery: attempt?.delivery ?? .none, teardown: attempt?.teardown ?? .clean)
    }

    /// What the current phase waits for.
    var waitText: String? {
        guard !isFinished else { return nil }
        return (attempt?.waitingFor ?? waitingFor).map(ControlSequences.line)
    }

    /// Whether an attempt has ended and only its teardown remains, and since when.
    var teardownBegan: Moment? {
        guard !isFinished, let attempt else { return nil }
        switch attempt.phase {
        case .destroying, .verifying:
            return attempt.spans.first { $0.phase == "destroying" }?.began ?? attempt.spans.last?.began
        case .queued, .creating, .booting, .connecting, .preparing, .running, .collecting, .snapshotting, .done:
            return nil
        }
    }

    var isRunningCommand: Bool {
        if case .running = attempt?.phase { return !isFinished }
        return false
    }

    /// How long the current phase has lasted.
    func phaseElapsed(_ now: Moment) -> Duration {
        guard let attempt, let span = attempt.spans.last else {
            return max(.zero, submittedAt.duration(to: now.wall))
        }
        if let next = nextAttempt { return attempt.elapsed(since: next.since, now: now, bootID: attempt.bootID) }
        if let elapsed = span.elapsed { return .milliseconds(elapsed) }
        return attempt.elapsed(since: span.began, now: now, bootID: attempt.bootID)
    }

    /// From submission to the end, or to now.
    func age(_ now: WallTime) -> Duration { max(.zero, submittedAt.duration(to: finishedAt ?? now)) }

    /// Time per phase, all attempts together, in the order they were first entered.
    var phaseTimes: [(phase: String, elapsed: Duration)] {
        var order: [String] = []
        var sums: [String: Int64] = [:]
        for span in attempts.flatMap(\.spans) where span.phase != "done" {
            if sums[span.phase] == nil { order.append(span.phase) }
            sums[span.phase, default: 0] += span.elapsed ?? 0
        }
        return order.map { ($0, .milliseconds(sums[$0] ?? 0)) }
    }

    var cloudText: String {
        switch cloud.kind {
        case .local: "the local cloud"
        case .genesis: "Genesis Cloud (\(cloud.endpoint))"
        }
    }
}
