extension AttemptMachine {
    mutating func stageEnded(_ step: PreparingStep, _ result: StageResult, _ now: Moment)
        -> AttemptAction
    {
        guard case .preparing(let instance, step) = state.phase else { return .none }
        switch result {
        case .exited(0):
            return next(after: step, on: instance, now)
        case .exited where step == .startup && startupKind == .cloudConfig:
            // cloud-init says that something failed, and its log says what; a status of one script it does not give.
            return failSetup(
                instance,
                Reason(
                    code: "startup-failed",
                    message: "the startup script's cloud-config reported errors, so the command was not run; its "
                        + "output is in startup.log"), now)
        case .exited(let code):
            let what = step == .startup ? "the startup script" : "setup"
            return failSetup(
                instance,
                Reason(
                    code: "\(step.rawValue)-failed",
                    message: "\(what) exited with \(code), so the command was not run; its output is in "
                        + "\(step == .startup ? "startup.log" : "setup.log")"), now)
        case .timedOut:
            settle(.timedOut(.setup), clockReason(.setup), .setup)
            return .start(holdOrEnd(instance, now))
        case .stopped:
            settle(.cancelled, Reason(code: "cancelled", message: "cancelled during \(step.rawValue)"))
            return .start(snapshotOrDestroy(instance, now))
        case .unknown:
            return failSetup(
                instance,
                Reason(
                    code: "\(step.rawValue)-unknown",
                    message:
                        "\(step.rawValue) left no exit status (a full disk, or its supervisor was killed), so "
                        + "the command was not run"), now)
        }
    }

    mutating func uploaded(_ now: Moment) -> AttemptAction {
        guard case .preparing(let instance, .upload) = state.phase else { return .none }
        return next(after: .upload, on: instance, now)
    }

    mutating func stepFailed(_ reason: Reason, _ now: Moment) -> AttemptAction {
        switch state.phase {
        case .preparing(let instance, _):
            return failSetup(instance, reason, now)
        case .running(let instance, _):
            // The command could not be started, which its latch proves: it never ran.
            guard state.commandStarted else { return failSetup(instance, reason, now) }
            settle(.lost, reason, .lost)
            state.delivery = .partial
            enter(.collecting(instance), now)
            return .start(.collect(instance))
        case .queued, .creating, .booting, .connecting, .collecting, .holding, .snapshotting, .destroying,
            .verifying, .done:
            return .none
        }
    }

    mutating func commandStarted() -> AttemptAction {
        guard case .running = state.phase else { return .none }
        state.commandStarted = true
        return .none
    }

    mutating func commandEnded(
        _ result: StageResult, logsComplete: Bool, _ sealed: SealedLogs?, _ now: Moment
    ) -> AttemptAction {
        guard case .running(let instance, let stop) = state.phase else { return .none }
        state.commandStarted = true
        state.sealedLogs = sealed
        state.delivery = logsComplete ? .complete : .partial
        state.logsAreWhole = logsComplete
        if !logsComplete { state.warnings.append("part of the command's output could not be fetched") }
        switch result {
        case .exited(let code):
            state.exitCode = code
            settle(code == 0 ? .succeeded : .failedUser(exitCode: code), nil, code == 0 ? nil : .user)
        case .timedOut:
            settle(.timedOut(.run), clockReason(.run))
        case .stopped:
            switch stop {
            case .clock(let clock): settle(.timedOut(clock), clockReason(clock))
            case .cancelled, nil:
                settle(.cancelled, Reason(code: "cancelled", message: "cancelled while running"))
            }
        case .unknown:
            settle(
                .lost,
                Reason(
                    code: "no-exit-status",
                    message:
                        "the command left no exit status (its supervisor was killed, or the disk was full); "
                        + "look at the end of stdout.log and stderr.log"), .lost)
        }
        enter(.collecting(instance), now)
        return .start(.collect(instance))
    }

    mutating func collected(
        complete: Bool, warnings: [String], leavesResults: Bool, _ now: Moment
    ) -> AttemptAction {
        guard case .collecting(let instance) = state.phase else { return .none }
        if leavesResults { state.leavesResults = true }
        // What was delivered before a hold stays: collecting once more only ever adds.
        if state.hold == nil {
            if !complete { state.delivery = .partial }
        } else if leavesResults {
            state.warnings.append("not all that was on the instance at the end of its hold arrived")
        } else if complete, state.logsAreWhole == true {
            state.delivery = .complete
        }
        for warning in warnings where !state.warnings.contains(warning) { state.warnings.append(warning) }
        return .start(holdOrEnd(instance, now))
    }

    mutating func snapshotTaken(_ id: SnapshotID, name: String, _ now: Moment) -> AttemptAction {
        guard case .snapshotting(let instance) = state.phase else { return .none }
        // A state that an older Mayfly stored in this phase has no intent on record.
        if !state.objects.contains(where: { $0.kind == .snapshot }) {
            state.objects.append(CreatedObject(kind: .snapshot, name: name, intendedAt: now.wall))
        }
        mark(.snapshot) {
            $0.cloudID = id.rawValue
            $0.state = .kept
        }
        return .start(destroy(instance.id, now))
    }

    mutating func snapshotFailed(_ reason: Reason, _ now: Moment) -> AttemptAction {
        guard case .snapshotting(let instance) = state.phase else { return .none }
        mark(.snapshot) { $0.state = .refused }
        return .start(missSnapshot(of: instance, "no snapshot was taken: \(reason.message)", now))
    }

    /// A snapshot that was asked for is a result like any output.
    mutating func missSnapshot(of instance: ReachableInstance, _ warning: String, _ now: Moment) -> AttemptEffect {
        state.warnings.append(warning)
        if state.delivery == .complete { state.delivery = .partial }
        return destroy(instance.id, now)
    }

    private mutating func next(
        after step: PreparingStep, on instance: ReachableInstance, _ now: Moment
    ) -> AttemptAction {
        switch step {
        case .startup where hasCode: return prepare(.upload, instance, now)
        case .startup where hasSetup, .upload where hasSetup: return prepare(.setup, instance, now)
        case .startup, .upload, .setup:
            enter(.running(instance, nil), now)
            return .start(.run(instance, stop: nil))
        }
    }

    private mutating func prepare(
        _ step: PreparingStep, _ instance: ReachableInstance, _ now: Moment
    ) -> AttemptAction {
        enter(.preparing(instance, step), now)
        return .start(Self.effect(of: step, on: instance))
    }

    private mutating func failSetup(_ instance: ReachableInstance, _ reason: Reason, _ now: Moment)
        -> AttemptAction
    {
        settle(.failedSetup, reason, .setup)
        return .start(holdOrEnd(instance, now))
    }

    func clockReason(_ clock: JobClock) -> Reason {
        Reason(
            code: "clock-\(clock.rawValue)",
            message: "the \(clock.rawValue) clock ran out (timeouts.\(clock.rawValue) in the spec)")
    }
}
