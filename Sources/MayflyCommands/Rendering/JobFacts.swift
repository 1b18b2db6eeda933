import MayflyCore

/// What a job's row means to people, so that every view says the same.
extension JobRecord {
    /// `job 41 (train)`
    var title: String { "job \(id) (\(definition.name))" }

    /// The exit code of `run` and `attach` for this job as it stands: one that is not finished may have leaked.
    var exitStatus: Int32 {
        guard isFinished else { return ExitCode.mayHaveLeaked }
        return ExitCode.of(
            outcome: outcome ?? .lost, delivery: attempt?.delivery ?? .none, teardown: attempt?.teardown ?? .clean)
    }

    /// Whether a command is still to be started: this attempt's, or that of one which may follow it.
    var mayNeedSecrets: Bool {
        guard !isFinished else { return false }
        guard let attempt, attempt.commandStarted else { return true }
        let policy = definition.retry ?? RetryPolicy()
        // Without a word of the spec nothing is tried again once the command was started.
        return attempt.number < policy.attempts && (policy.when?.isEmpty == false || !policy.exitCodes.isEmpty)
    }

    /// What the current phase waits for.
    var waitText: String? {
        guard !isFinished else { return nil }
        let words = (attempt?.waitingFor ?? waitingFor).map(ControlSequences.line)
        guard let hold = holdText else { return words }
        return words.map { "\(hold); \($0)" } ?? hold
    }

    /// Until when its instance is held, why, and what can be done with it; `nil` while it is not held.
    var holdText: String? {
        guard !isFinished, let attempt, attempt.isHeld, let hold = attempt.hold else { return nil }
        let why =
            switch hold.cause {
            case .failure: "for a look"
            case .collect: "because results on it could not be fetched; it is tried again"
            }
        return "held until \(TimeText.clock(hold.endsAt)) \(why): `mayfly ssh \(id)`, `mayfly extend \(id) +1h`, "
            + "`mayfly release \(id)`"
    }

    /// Whether an attempt has ended and only its teardown remains, and since when.
    var teardownBegan: Moment? {
        guard !isFinished, let attempt else { return nil }
        switch attempt.phase {
        case .destroying, .verifying:
            return attempt.spans.first { $0.phase == "destroying" }?.began ?? attempt.spans.last?.began
        case .queued, .creating, .booting, .connecting, .preparing, .running, .collecting, .holding, .snapshotting,
            .done:
            return nil
        }
    }

    /// Whether something goes on that nobody may want to lose by a single Ctrl-C.
    var isAtWork: Bool {
        switch attempt?.phase {
        case .running, .holding: !isFinished
        case nil, .queued, .creating, .booting, .connecting, .preparing, .collecting, .snapshotting, .destroying,
            .verifying, .done:
            false
        }
    }

    /// How long the current phase has lasted.
    func phaseElapsed(_ now: Moment) -> Duration {
        guard let attempt, let span = attempt.spans.last else {
            return max(.zero, submittedAt.duration(to: now.wall))
        }
        if let next = nextAttempt { return next.since.span(to: now) }
        if let elapsed = span.elapsed { return .milliseconds(elapsed) }
        return span.began.span(to: now)
    }

    /// From submission to the end, or to now, or else to the last change. Once an attempt has begun, a wall clock that is set
    /// changes nothing.
    func age(_ now: Moment? = nil) -> Duration {
        guard let began = attempts.first?.spans.first?.began else {
            return max(.zero, submittedAt.duration(to: finishedAt ?? now?.wall ?? submittedAt))
        }
        var age = max(.zero, submittedAt.duration(to: began.wall))
        for (_, elapsed) in phaseTimes { age += elapsed }
        for (last, next) in zip(attempts, attempts.dropFirst()) {
            if let ended = last.endedAt, let began = next.spans.first?.began { age += ended.span(to: began) }
        }
        let isGoingOn = nextAttempt != nil || attempt?.spans.last?.elapsed == nil
        if let now, !isFinished, isGoingOn { age += phaseElapsed(now) }
        return age
    }

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
