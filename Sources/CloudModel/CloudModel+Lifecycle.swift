extension CloudModel {
    /// Starts a destruction. A second request for an instance that is already going is accepted.
    /// - Throws: 404; 409 when it is protected, or when the fault script still refuses.
    public mutating func deleteInstance(_ id: String, now: Int64) throws(CloudRefusal) {
        var instance = try instance(id)
        guard !instance.isProtected else {
            throw .conflict("Instance \(id) is protected from termination; set is_protected to false first")
        }
        guard instance.status != .deleting else { return }
        guard instance.quirks?.destroyRefusals ?? 0 == 0 else {
            throw .conflict("Instance \(id) is busy and cannot be destroyed now")
        }
        enter(.deleting, &instance, now: now)
    }

    /// Counts one destroy request that a fault script refuses.
    /// - Returns: whether one was left to refuse.
    public mutating func refuseDestroy(_ id: String) -> Bool {
        guard let left = instances[id]?.quirks?.destroyRefusals, left > 0, instances[id]?.status != .deleting else {
            return false
        }
        instances[id]?.quirks?.destroyRefusals = left - 1
        return true
    }

    /// Starts an action.
    /// - Throws: 404; 400 for a word that is no action; 409 when the status does not allow it.
    public mutating func perform(_ action: String?, on id: String, now: Int64) throws(CloudRefusal) {
        var instance = try instance(id)
        guard let action = CloudInstance.Action(rawValue: action ?? "") else {
            throw .invalid("action must be start, stop or reset")
        }
        guard instance.allowedActions.contains(action) else {
            throw .conflict(
                "\(action.rawValue) is not possible while the status is \(instance.status.rawValue)")
        }
        switch action {
        case .start: enter(.starting, &instance, now: now)
        case .stop: enter(.stopping, &instance, now: now)
        case .reset: enter(.resetting, &instance, now: now)
        }
    }

    /// Changes name, protection, disk size (grow only), security groups or volumes. The hostname never changes.
    /// - Throws: 404, 400; 409 when a volume is in use, or the instance is going.
    public mutating func patchInstance(
        _ id: String, _ patch: InstancePatch, now: Int64
    ) throws(CloudRefusal) -> CloudInstance {
        var changed = try instance(id)
        guard changed.status != .deleting else { throw .conflict("Instance \(id) is being destroyed") }
        if let name = patch.name { changed.name = try Self.name(name) }
        if let size = patch.diskSize {
            guard size >= changed.diskSize, size <= Self.sizes.upperBound else {
                throw .invalid(
                    "disk_size can only be increased, from \(changed.diskSize) to at most \(Self.sizes.upperBound) GiB")
            }
            changed.diskSize = size
        }
        if let groups = patch.securityGroups {
            let wanted = groups.applied(to: changed.securityGroups.map(\.id))
            changed.securityGroups = try resolveGroups(wanted, region: changed.region) ?? []
        }
        if let isProtected = patch.isProtected { changed.isProtected = isProtected }
        let before = changed.volumes
        if let volumes = patch.volumes {
            changed.volumes = volumes.applied(to: before)
            for volume in changed.volumes where !before.contains(volume) {
                try checkAttachable(volume, region: changed.region, to: id)
            }
        }
        changed.updatedAt = now
        for volume in before where !changed.volumes.contains(volume) { volumes[volume]?.instance = nil }
        for volume in changed.volumes where !before.contains(volume) { volumes[volume]?.instance = id }
        instances[id] = changed
        return changed
    }

    /// The backend has done what the instance's transient status waits for. Ignored when nothing is waited for.
    public mutating func settle(instance id: String, now: Int64) {
        guard var instance = instances[id], instance.status.isTransient, !instance.isSettled else { return }
        instance.isSettled = true
        instance.due = max(instance.due, now)
        instances[id] = instance
        schedule(instance)
        advance(to: now)
    }

    /// The machine has its addresses. They may come before or after `active`.
    public mutating func assign(instance id: String, privateIP: String, publicIP: String, sshPort: Int) {
        guard var instance = instances[id] else { return }
        instance.privateIP = privateIP
        instance.publicIP = publicIP
        instance.sshPort = sshPort
        instances[id] = instance
    }

    /// The backend could not do it.
    public mutating func fail(instance id: String, now: Int64) {
        guard var instance = instances[id], instance.status != .deleting else { return }
        enter(.error, &instance, now: now)
    }

    /// The machine has powered itself off: `stopped`, or going, when it was created with `destroy_on_shutdown`.
    public mutating func poweredOff(instance id: String, now: Int64) {
        guard var instance = instances[id] else { return }
        switch instance.status {
        case .active, .starting, .resetting, .creating:
            let isGoing = instance.destroyOnShutdown && !instance.isProtected
            enter(isGoing ? .deleting : .stopped, &instance, now: now)
        case .stopping: settle(instance: id, now: now)
        case .pendingPayment, .stopped, .error, .deleting: break
        }
    }

    /// Puts the instance into a status and stores it; works out when the status may end.
    mutating func enter(_ status: CloudInstance.Status, _ instance: inout CloudInstance, now: Int64) {
        instance.status = status
        instance.updatedAt = now
        instance.since = now
        instance.isSettled = false
        let quirks = instance.quirks ?? .none
        let delay: Int64 =
            switch status {
            case .creating: delays.create
            case .starting, .resetting: delays.start
            case .stopping: delays.stop
            case .deleting: delays.delete
            case .pendingPayment, .active, .stopped, .error: 0
            }
        instance.due = now + delay
        if status == .creating || status == .starting {
            switch quirks.active {
            case .by(let more): instance.due += more
            case .never: instance.due = .max
            case nil: break
            }
        }
        // A machine that does not run has no address of its own; a floating or static one is kept.
        if status == .stopped || status == .starting {
            instance.privateIP = nil
            instance.sshPort = nil
            if !instance.keepsAddress { instance.publicIP = nil }
        }
        instance.failsAt = quirks.failures.first { $0.status == status }.map { now + $0.delay }
        instances[instance.id] = instance
        schedule(instance)
    }

    func scheduled(_ instance: CloudInstance) -> Int64? {
        let settled = instance.isSettled && instance.status.isTransient ? instance.due : .max
        let next = min(settled, instance.failsAt ?? .max)
        return next == .max ? nil : next
    }

    mutating func schedule(_ instance: CloudInstance) {
        if let due = scheduled(instance) { timers.add(.instance, instance.id, at: due) }
    }
}
