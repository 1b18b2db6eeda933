extension AttemptMachine {
    /// After the work: the instance is held where the spec says so, and else ended.
    mutating func holdOrEnd(_ instance: ReachableInstance, _ now: Moment) -> AttemptEffect {
        guard let hold = wantedHold(now) else { return snapshotOrDestroy(instance, now) }
        state.hold = hold
        enter(.holding(instance), now)
        return .hold(instance)
    }

    private func wantedHold(_ now: Moment) -> Hold? {
        // Who cancels wants it to end, and an attempt that is tried again is none to look at.
        guard state.hold == nil, !state.cancelRequested else { return nil }
        let retries = (definition.retry ?? RetryPolicy()).triesAgain(after: state)
        var length = lookLength.flatMap { retries ? nil : $0 }
        var cause = Hold.Cause.failure
        if state.leavesResults == true, case .hold(let longest) = collectFailure {
            cause = .collect
            length = max(longest, length ?? .zero)
        }
        // The expiry was fixed before the create; it stands, whatever was slow before.
        guard let wanted = length.map({ min($0, now.wall.duration(to: latestHoldEnd)) }), wanted > .zero else {
            return nil
        }
        return Hold(cause: cause, began: now, length: wanted)
    }

    private var latestHoldEnd: WallTime { definition.latestHoldEnd(expiry: state.expiry) }

    /// How long to keep it for a look: only where what failed is the user's own, the command, the setup, or one of the two
    /// at its limit.
    private var lookLength: Duration? {
        let failedByItsUser =
            switch state.outcome {
            case .failedUser, .failedSetup, .timedOut(.run), .timedOut(.setup): true
            case .lost: state.commandStarted
            case nil, .succeeded, .failedSpec, .failedCapacity, .failedCloud, .failedConnection, .timedOut, .cancelled,
                .overBudget:
                false
            }
        return failedByItsUser ? definition.onFailure?.hold : nil
    }

    mutating func holdEnded(_ now: Moment) -> AttemptAction {
        guard case .holding(let instance) = state.phase else { return .none }
        return .start(afterHold(instance, now))
    }

    /// Somebody could look at it and work on it: what is among its outputs now is collected once more. Not where that was
    /// tried all along, and not for who cancels, who is done with it.
    private mutating func afterHold(_ instance: ReachableInstance, _ now: Moment) -> AttemptEffect {
        guard state.hold?.cause == .failure, !state.cancelRequested else { return snapshotOrDestroy(instance, now) }
        enter(.collecting(instance), now)
        return .collect(instance)
    }

    /// A person is done with it.
    mutating func holdReleased(_ now: Moment) -> AttemptAction {
        guard case .holding(let instance) = state.phase else { return .none }
        if let began = state.hold?.began { state.hold?.length = began.span(to: now) }
        return .replace(afterHold(instance, now))
    }

    /// A person wants it to last until then: never shorter than it is, never beyond what the expiry allows.
    mutating func holdExtended(to end: WallTime, _ now: Moment) -> AttemptAction {
        guard case .holding(let instance) = state.phase, let hold = state.hold else { return .none }
        let target = min(end, latestHoldEnd)
        guard target > hold.endsAt else { return .none }
        state.hold?.length = hold.began.wall.duration(to: target)
        state.hold?.isExtended = true
        return .replace(.hold(instance))
    }

    /// What could not be fetched before is here now.
    mutating func recovered(exitCode: Int32?, complete: Bool, warnings: [String], _ now: Moment) -> AttemptAction {
        guard case .holding(let instance) = state.phase, let hold = state.hold, hold.cause == .collect else {
            return .none
        }
        state.leavesResults = false
        state.logsAreWhole = true
        state.delivery = complete ? .complete : .partial
        state.exitCode = state.exitCode ?? exitCode
        for warning in warnings where !state.warnings.contains(warning) { state.warnings.append(warning) }
        state.warnings.append("what could not be fetched at first arrived while the instance was held")
        // Nothing is left to hold it for, unless somebody wants to look.
        let length = hold.isExtended ? hold.length : min(hold.length, lookLength ?? .zero)
        guard hold.began.span(to: now) < length else { return .start(snapshotOrDestroy(instance, now)) }
        state.hold?.cause = .failure
        state.hold?.length = length
        return .start(.hold(instance))
    }

    // MARK: The run limit

    /// It is the supervisor's, on the instance: what it grants is put on record once it has.
    mutating func runExtensionWished(to end: WallTime) -> AttemptAction {
        guard case .running(let instance, nil) = state.phase, let began = state.runBegan else { return .none }
        let target = min(end, latestHoldEnd)
        guard let now = state.runEnd(definition.timeouts), target > now, state.refusedRunEnd != target else {
            return .none
        }
        return .extendCommand(instance, limit: began.wall.duration(to: target), end: target)
    }

    mutating func runExtended(to end: WallTime) -> AttemptAction {
        if case .running = state.phase { state.runsUntil = max(end, state.runsUntil ?? end) }
        return .none
    }

    mutating func runNotExtended(to end: WallTime, _ why: String) -> AttemptAction {
        guard case .running = state.phase else { return .none }
        state.refusedRunEnd = end
        return warned("the command's limit was not extended: \(why)")
    }
}
