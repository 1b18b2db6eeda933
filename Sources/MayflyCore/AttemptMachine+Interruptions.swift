extension AttemptMachine {
    /// A cancel is a wish, acted on at the next point where nothing can be orphaned by it.
    mutating func cancelRequested(_ now: Moment) -> AttemptAction {
        guard !state.cancelRequested else { return .none }
        state.cancelRequested = true
        return interrupt(
            .cancelled, .cancelled,
            Reason(code: "cancelled", message: "cancelled while \(state.phase.word)"), nil, now)
    }

    /// The way out where a cloud was wiped or an account is lost, and no proof will ever come. Never called clean, and
    /// never while things get on: only an attempt that says what it waits for in vain is given up.
    mutating func forgetRequested(_ now: Moment) -> AttemptAction {
        guard state.waitingFor != nil else { return .none }
        let reason = Reason(
            code: "forgotten",
            message: "given up by `mayfly cancel --forget` while \(state.phase.word): its instance was not proved gone")
        switch state.phase {
        case .done:
            return .none
        case .queued:
            settle(.cancelled, reason)
        case .creating:
            settle(.cancelled, reason)
            markInstance { $0.state = .unsettled }
            state.teardown = .leaked([state.identity.description])
        case .booting, .connecting, .preparing, .running, .collecting, .holding, .snapshotting, .destroying, .verifying:
            settle(.cancelled, reason)
            if state.commandStarted, state.exitCode == nil { state.delivery = .partial }
            if case .snapshotting = state.phase { mark(.snapshot) { $0.state = .unsettled } }
            state.teardown = .leaked([state.instance?.id.rawValue ?? state.identity.description])
        }
        state.warnings.append(reason.message)
        return finish(now)
    }

    mutating func clockExpired(_ clock: JobClock, _ now: Moment) -> AttemptAction {
        switch (clock, state.phase) {
        case (.collect, .collecting(let instance)):
            leaveResults()
            state.warnings.append(
                "the collect clock ran out: some outputs did not arrive (timeouts.collect)")
            return .replace(holdOrEnd(instance, now))
        case (.snapshot, .snapshotting(let instance)):
            mark(.snapshot) { $0.state = .unsettled }
            return .replace(
                missSnapshot(
                    of: instance,
                    "the snapshot clock ran out (timeouts.snapshot): no finished snapshot was seen; one named "
                        + "\(state.objects.last { $0.kind == .snapshot }?.name ?? snapshotName) may still appear", now))
        case (.collect, _), (.snapshot, _):
            return .none
        case (.queue, _), (.provision, _), (.setup, _), (.run, _), (.total, _):
            var reason = clockReason(clock)
            if let waited = state.waitingFor { reason.message += "; last waited for: \(waited)" }
            return interrupt(.timedOut(clock), .clock(clock), reason, cause(of: clock), now)
        }
    }

    mutating func connectionGivenUp(_ reason: Reason, _ now: Moment) -> AttemptAction {
        switch state.phase {
        case .connecting(let instance), .preparing(let instance, _), .running(let instance, nil):
            settle(.failedConnection, reason, Self.cause(ofGivingUp: reason))
            if state.commandStarted { leaveResults() }
            return .start(holdOrEnd(instance, now))
        case .running(let instance, let cause?):
            // What was wished for decides the outcome; that nobody saw the command stop is said beside it.
            switch cause {
            case .cancelled:
                settle(.cancelled, Reason(code: "cancelled", message: "cancelled while running; \(reason.message)"))
            case .clock(let clock):
                settle(.timedOut(clock), clockReason(clock))
            }
            state.warnings.append(reason.message)
            if state.commandStarted { leaveResults() }
            return .start(holdOrEnd(instance, now))
        case .collecting(let instance):
            leaveResults()
            state.warnings.append("outputs were not collected: \(reason.message)")
            return .start(holdOrEnd(instance, now))
        case .queued, .creating, .booting, .holding, .snapshotting, .destroying, .verifying, .done:
            return .none
        }
    }

    /// What the command left is where nobody has fetched it from.
    private mutating func leaveResults() {
        // After a hold all that was due had been delivered before it.
        if state.hold == nil { state.delivery = .partial }
        state.leavesResults = true
    }

    /// By which class an attempt that ran into this clock may be tried again.
    private func cause(of clock: JobClock) -> RetryCause? {
        switch (clock, state.phase) {
        case (.provision, .connecting): .connection
        case (.provision, _): .cloud
        case (.setup, _): .setup
        case (.queue, _), (.run, _), (.collect, _), (.snapshot, _), (.total, _): nil
        }
    }

    /// Another host key may be an attack, and results that cannot be written here are this side's trouble.
    private static func cause(ofGivingUp reason: Reason) -> RetryCause? {
        reason.code == "connection-lost" ? .connection : nil
    }

    private mutating func interrupt(
        _ outcome: Outcome, _ cause: StopCause, _ reason: Reason, _ retry: RetryCause?, _ now: Moment
    ) -> AttemptAction {
        switch state.phase {
        case .queued:
            settle(outcome, reason, retry)
            return finish(now)
        case .creating:
            // The answer is awaited: only with the id known can the instance be destroyed.
            settle(outcome, reason, retry)
            return .none
        case .booting(let id):
            settle(outcome, reason, retry)
            return .replace(destroy(id, now))
        case .connecting(let instance), .preparing(let instance, _):
            settle(outcome, reason, retry)
            return .replace(holdOrEnd(instance, now))
        case .running(let instance, let stop):
            // The outcome is what the supervisor seals: a command that ended by itself a moment ago did end by itself.
            guard stop == nil else { return .none }
            state.phase = .running(instance, cause)
            return .stopCommand(cause)
        case .holding:
            // Who cancels is done with it; no clock of the job's limits what the spec itself wants kept.
            return outcome == .cancelled ? holdReleased(now) : .none
        case .collecting, .snapshotting, .destroying, .verifying, .done:
            return .none
        }
    }
}
