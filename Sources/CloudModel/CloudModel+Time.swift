extension CloudModel {
    /// Ends every transient status whose delay has passed and whose work is settled, and lets scripted failures happen.
    public mutating func advance(to now: Int64) {
        while let entry = timers.take(until: now) {
            switch entry.kind {
            case .instance: advance(instance: entry.id, now)
            case .ghost:
                if let ghost = ghosts[entry.id], ghost.until <= now { ghosts[entry.id] = nil }
            case .snapshot: advance(snapshot: entry.id, now)
            case .volume: advance(volume: entry.id, now)
            case .filesystem:
                guard let old = filesystems[entry.id], old.due <= now else { continue }
                filesystems[entry.id] = old.status == .deleting ? nil : old
                if old.status == .creating { filesystems[entry.id]?.status = .created }
            case .securityGroup:
                guard let old = securityGroups[entry.id], old.due <= now else { continue }
                securityGroups[entry.id] = old.status == .deleting ? nil : old
                if old.status == .creating { securityGroups[entry.id]?.status = .created }
            case .floatingIP:
                guard let old = floatingIPs[entry.id], old.due <= now else { continue }
                floatingIPs[entry.id] = old.status == .deleting ? nil : old
                if old.status == .creating { floatingIPs[entry.id]?.status = .created }
            }
        }
    }

    /// The earliest time at which ``advance(to:)`` may have something to do; `nil` when only the backend can say.
    public var nextDue: Int64? { timers.next }

    private mutating func advance(instance id: String, _ now: Int64) {
        guard var instance = instances[id], let due = scheduled(instance), due <= now else { return }
        // It has happened when it was due, however late somebody looks.
        if instance.failsAt == due { return enter(.error, &instance, now: due) }
        switch instance.status {
        case .creating, .starting, .resetting: enter(.active, &instance, now: due)
        case .stopping: enter(.stopped, &instance, now: due)
        case .deleting: forget(instance, due)
        case .active, .stopped, .error, .pendingPayment: break
        }
    }

    /// The boot disk is lost with the instance, its volumes and its floating IP are free again (Instances page).
    private mutating func forget(_ instance: CloudInstance, _ now: Int64) {
        for volume in instance.volumes { volumes[volume]?.instance = nil }
        if let address = instance.floatingIP { floatingIPs[address]?.instance = nil }
        instances[instance.id] = nil
        hidden[instance.id] = nil
        guard let lingers = instance.quirks?.lingersFor, lingers > 0 else { return }
        ghosts[instance.id] = CloudGhost(instance: instance, until: now + lingers)
        timers.add(.ghost, instance.id, at: now + lingers)
    }

    private mutating func advance(snapshot id: String, _ now: Int64) {
        guard var snapshot = snapshots[id], snapshot.isSettled, snapshot.due <= now else { return }
        switch snapshot.status {
        case .creating:
            snapshot.status = .created
            snapshot.updatedAt = now
            snapshots[id] = snapshot
        case .deleting: snapshots[id] = nil
        case .created, .error: break
        }
    }

    private mutating func advance(volume id: String, _ now: Int64) {
        guard var volume = volumes[id], volume.isSettled, volume.due <= now else { return }
        switch volume.status {
        case .creating:
            volume.status = .created
            volume.updatedAt = now
            volumes[id] = volume
        case .deleting: volumes[id] = nil
        case .created, .error: break
        }
    }
}
