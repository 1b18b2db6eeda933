extension CloudModel {
    /// Starts a destruction. A second request for an instance that is already going is accepted.
    /// - Throws: 404; 409 when it is protected.
    public mutating func deleteInstance(_ id: String, now: Int64) throws(CloudRefusal) {
        let index = try index(ofInstance: id)
        guard !instances[index].isProtected else {
            throw .conflict(
                "Instance \(id) is protected from termination; set is_protected to false first")
        }
        guard instances[index].status != .deleting else { return }
        enter(.deleting, index, now: now, delay: delays.delete)
    }

    /// Starts an action.
    /// - Throws: 404; 400 for a word that is no action; 409 when the status does not allow it.
    public mutating func perform(_ action: String, on id: String, now: Int64) throws(CloudRefusal) {
        let index = try index(ofInstance: id)
        guard let action = CloudInstance.Action(rawValue: action) else {
            throw .invalid("action must be start, stop or reset")
        }
        guard instances[index].allowedActions.contains(action) else {
            throw .conflict(
                "\(action.rawValue) is not possible while the status is \(instances[index].status.rawValue)"
            )
        }
        switch action {
        case .start: enter(.starting, index, now: now, delay: delays.start)
        case .stop: enter(.stopping, index, now: now, delay: delays.stop)
        case .reset: enter(.resetting, index, now: now, delay: delays.start)
        }
    }

    /// Changes name, protection, disk size (grow only) or security groups. The hostname never changes.
    /// - Throws: 404, 400.
    public mutating func patchInstance(
        _ id: String, _ patch: InstancePatch, now: Int64
    ) throws(CloudRefusal) -> CloudInstance {
        let index = try index(ofInstance: id)
        var changed = instances[index]
        if let name = patch.name {
            guard (1...255).contains(name.utf8.count) else {
                throw .invalid("name must have 1 to 255 characters")
            }
            changed.name = name
        }
        if let size = patch.diskSize {
            guard size >= changed.diskSize, size <= 1 << 20 else {
                throw .invalid("disk_size can only be increased")
            }
            changed.diskSize = size
        }
        guard (patch.volumes ?? []).isEmpty else { throw .invalid("volumes: no such volume") }
        if let groups = try resolveGroups(patch.securityGroups) { changed.securityGroups = groups }
        if let isProtected = patch.isProtected { changed.isProtected = isProtected }
        changed.updatedAt = now
        instances[index] = changed
        return changed
    }

    /// The backend has done what the instance's transient status waits for. Ignored when nothing is waited for.
    public mutating func settle(instance id: String, now: Int64) {
        guard let index = instances.firstIndex(where: { $0.id == id }),
            instances[index].status.isTransient
        else {
            return
        }
        instances[index].isSettled = true
        advance(to: now)
    }

    /// The machine has its addresses. They may come before or after `active`.
    public mutating func assign(
        instance id: String, privateIP: String, publicIP: String, sshPort: Int
    ) {
        guard let index = instances.firstIndex(where: { $0.id == id }) else { return }
        instances[index].privateIP = privateIP
        instances[index].publicIP = publicIP
        instances[index].sshPort = sshPort
    }

    /// The backend could not do it.
    public mutating func fail(instance id: String, now: Int64) {
        guard let index = instances.firstIndex(where: { $0.id == id }),
            instances[index].status != .deleting
        else {
            return
        }
        enter(.error, index, now: now, delay: 0)
    }

    /// The machine has powered itself off: `stopped`, or going, when it was created with `destroy_on_shutdown`.
    public mutating func poweredOff(instance id: String, now: Int64) {
        guard let index = instances.firstIndex(where: { $0.id == id }) else { return }
        switch instances[index].status {
        case .active, .starting, .resetting, .creating:
            if instances[index].destroyOnShutdown, !instances[index].isProtected {
                enter(.deleting, index, now: now, delay: delays.delete)
            } else {
                enter(.stopped, index, now: now, delay: 0)
            }
        case .stopping: settle(instance: id, now: now)
        case .pendingPayment, .stopped, .error, .deleting: break
        }
    }

    /// Ends every transient status whose delay has passed and whose work is settled.
    public mutating func advance(to now: Int64) {
        for index in instances.indices where instances[index].isSettled && instances[index].due <= now {
            switch instances[index].status {
            case .creating, .starting, .resetting: enter(.active, index, now: now, delay: 0)
            case .stopping: enter(.stopped, index, now: now, delay: 0)
            case .deleting, .active, .stopped, .error, .pendingPayment: break
            }
        }
        instances.removeAll { $0.status == .deleting && $0.isSettled && $0.due <= now }
        for index in snapshots.indices
        where snapshots[index].status == .creating && snapshots[index].isSettled
            && snapshots[index].due <= now
        {
            snapshots[index].status = .created
            snapshots[index].updatedAt = now
        }
        snapshots.removeAll { $0.status == .deleting && $0.isSettled }
    }

    /// The earliest time at which ``advance(to:)`` has something to do; `nil` when only the backend can say.
    public var nextDue: Int64? {
        let instanceDues = instances.filter { $0.isSettled && $0.status.isTransient }.map(\.due)
        let snapshotDues = snapshots.filter { $0.isSettled && $0.status == .creating }.map(\.due)
        return (instanceDues + snapshotDues).min()
    }

    mutating func enter(_ status: CloudInstance.Status, _ index: Int, now: Int64, delay: Int64) {
        instances[index].status = status
        instances[index].updatedAt = now
        instances[index].due = now + delay
        instances[index].isSettled = false
    }
}
