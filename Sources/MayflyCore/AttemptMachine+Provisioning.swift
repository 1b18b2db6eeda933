extension AttemptMachine {
    mutating func began(_ now: Moment) -> AttemptAction {
        guard state.phase == .queued else { return .none }
        state.objects.append(
            CreatedObject(kind: .instance, name: state.identity.description, intendedAt: now.wall))
        state.teardown = .pending
        state.anchor = state.anchor ?? ""
        enter(.creating, now)
        return .start(.create(settle: false))
    }

    mutating func anchored(_ key: String?) -> AttemptAction {
        guard state.phase == .creating else { return .none }
        state.anchor = key ?? ""
        return .start(.create(settle: false))
    }

    mutating func created(_ instance: ObservedInstance, _ now: Moment) -> AttemptAction {
        guard state.phase == .creating else { return .none }
        state.instance = InstanceSummary(
            id: instance.id, name: instance.name, type: instance.type, region: instance.region,
            address: instance.address)
        let asked = state.began("creating") ?? now
        let within = instance.answeredAt.map {
            CloudTimeBounds(answeredAt: $0, elapsed: AttemptState.longest(from: asked, to: now))
        }
        markInstance {
            $0.cloudID = instance.id.rawValue
            $0.state = .existing
            $0.createdWithin = within
        }
        // A cancel or a clock that came while the answer was awaited acts now that the id is known.
        if state.outcome != nil { return .start(destroy(instance.id, now)) }
        enter(.booting(instance.id), now)
        state.waitingFor = Self.awaitedStatus
        return .start(.watch(instance.id))
    }

    /// What a new instance is waited for first; said with the step that begins the wait, which saves a commit.
    public static var awaitedStatus: String { "status active" }

    mutating func createRefused(_ error: ProviderError, _ now: Moment) -> AttemptAction {
        guard state.phase == .creating else { return .none }
        switch error.kind {
        case .capacity: settle(.failedCapacity, error.reason, .capacity)
        case .cloud, .unreachable, .outcomeUnknown: settle(.failedCloud, error.reason, .cloud)
        // The request, the token or the account is at fault: it would be refused again.
        case .refused, .unauthorized, .account: settle(.failedCloud, error.reason)
        }
        markInstance { $0.state = .refused }
        state.teardown = .clean
        return finish(now)
    }

    mutating func createUnsettled(_ reason: Reason, _ now: Moment) -> AttemptAction {
        guard state.phase == .creating else { return .none }
        settle(.lost, reason, .lost)
        markInstance { $0.state = .unsettled }
        state.teardown = .clean
        state.warnings.append(
            "\(state.identity) is watched for until its expiry: a late instance of this name would be destroyed"
        )
        return finish(now)
    }

    mutating func becameReachable(_ instance: ReachableInstance, _ now: Moment) -> AttemptAction {
        guard case .booting(instance.id) = state.phase else { return .none }
        state.instance?.address = instance.address
        enter(.connecting(instance), now)
        return .start(.connect(instance))
    }

    mutating func connected(_ now: Moment) -> AttemptAction {
        guard case .connecting(let instance) = state.phase else { return .none }
        enter(.preparing(instance, .startup), now)
        return .start(.awaitStartup(instance))
    }

    /// The cloud says that this instance will not do: what remains is to prove that it is gone.
    mutating func instanceFailed(_ reason: Reason, _ now: Moment) -> AttemptAction {
        switch state.phase {
        case .queued, .creating, .destroying, .verifying, .done:
            return .none
        case .booting(let id):
            settle(.failedCloud, reason, .cloud)
            return .replace(destroy(id, now))
        case .connecting(let instance), .preparing(let instance, _), .running(let instance, _),
            .collecting(let instance), .holding(let instance), .snapshotting(let instance):
            if case .holding = state.phase {
                state.warnings.append("the instance ended while it was held: \(reason.message)")
            }
            settle(.failedCloud, reason, .cloud)
            if state.commandStarted && state.delivery == .complete, state.hold == nil, case .collecting = state.phase {
                state.delivery = .partial
            }
            return .replace(destroy(instance.id, now))
        }
    }
}
