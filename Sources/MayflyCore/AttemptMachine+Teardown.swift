extension AttemptMachine {
    mutating func destroyAccepted(_ answer: DestroyAnswer, _ now: Moment) -> AttemptAction {
        guard case .destroying(let id) = state.phase else { return .none }
        // One that was gone already went at some moment since it was last seen.
        let since = answer.existed ? state.began("destroying") : state.lastSignOfLife
        let within = answer.answeredAt.map {
            CloudTimeBounds(
                answeredAt: $0, elapsed: since.map { AttemptState.longest(from: $0, to: now) } ?? .zero)
        }
        markInstance {
            $0.state = .destroyAccepted
            $0.destroyAcceptedAt = now.wall
            $0.destroyedWithin = within
        }
        enter(.verifying(id), now)
        return .start(.verify(id))
    }

    mutating func verifiedGone(_ now: Moment) -> AttemptAction {
        guard case .verifying = state.phase else { return .none }
        markInstance {
            $0.state = .gone
            $0.goneAt = now.wall
        }
        state.teardown = .clean
        return finish(now)
    }

    mutating func teardownDelayed(_ reason: Reason) -> AttemptAction {
        switch state.phase {
        case .destroying, .verifying:
            state.waitingFor = reason.message
        case .queued, .creating, .booting, .connecting, .preparing, .running, .collecting,
            .holding, .snapshotting, .done:
            break
        }
        return .none
    }

    mutating func diagnosed(_ verdict: String, gpuFault: Bool) -> AttemptAction {
        guard state.phase != .done else { return .none }
        if state.verdict == nil { state.verdict = verdict }
        if gpuFault { state.gpuFault = true }
        return .none
    }

    mutating func warned(_ text: String) -> AttemptAction {
        if state.phase != .done, !state.warnings.contains(text) { state.warnings.append(text) }
        return .none
    }

    mutating func waiting(_ text: String?) -> AttemptAction {
        if state.phase != .done { state.waitingFor = text }
        return .none
    }
}
