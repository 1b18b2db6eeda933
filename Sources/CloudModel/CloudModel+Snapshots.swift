extension CloudModel {
    /// Starts a snapshot of an active or stopped instance.
    /// - Parameter replica: a region for a second copy (`replicated_region`), with the id it gets.
    /// - Returns: the snapshot in the instance's region.
    /// - Throws: 404; 400 without a name; 403 at the quota; 409 in any other status.
    public mutating func createSnapshot(
        of instanceID: String, name: String?, id: String, replica: (region: String, id: String)? = nil, now: Int64
    ) throws(CloudRefusal) -> CloudSnapshot {
        let instance = try instance(instanceID)
        let name = try Self.name(name)
        if let replica {
            try CloudCatalogue.checkRegion(replica.region, "replicated_region")
            guard replica.region != instance.region else {
                throw .invalid("replicated_region must be another region than the instance's \(instance.region)")
            }
        }
        guard instance.status == .active || instance.status == .stopped else {
            throw .conflict("Instance \(instanceID) is \(instance.status.rawValue); it cannot be snapshotted")
        }
        guard snapshots.count + (replica == nil ? 1 : 2) <= limits.snapshots else {
            throw .quota("\(limits.snapshots) snapshots")
        }
        let copies = [(instance.region, id)] + (replica.map { [($0.region, $0.id)] } ?? [])
        for (region, id) in copies {
            snapshots[id] = CloudSnapshot(
                id: id, name: name, region: region, size: instance.diskSize, resourceID: instanceID,
                status: .creating, createdAt: now, updatedAt: now, due: now + delays.snapshot, isSettled: false)
        }
        return try snapshot(id)
    }

    /// Starts a copy of a snapshot in a region.
    /// - Throws: 404, 400; 403 at the quota; 409 when it is not `created`.
    public mutating func cloneSnapshot(
        _ id: String, name: String?, region: String?, as copy: String, now: Int64
    ) throws(CloudRefusal) -> CloudSnapshot {
        let source = try snapshot(id)
        let name = try Self.name(name)
        let region = try Self.region(region)
        guard source.status == .created else {
            throw .conflict("Snapshot \(id) is \(source.status.rawValue), not created")
        }
        guard snapshots.count < limits.snapshots else { throw .quota("\(limits.snapshots) snapshots") }
        var clone = CloudSnapshot(
            id: copy, name: name, region: region, size: source.size, resourceID: source.resourceID, status: .creating,
            createdAt: now, updatedAt: now, due: now + delays.snapshot, isSettled: false)
        clone.sourceSnapshot = id
        snapshots[copy] = clone
        return clone
    }

    /// Judges an import from a URL, which is then refused: nothing here could boot a foreign disk.
    /// - Throws: always; 400 for a bad field, else 409.
    public func importSnapshot(
        name: String?, size: Int?, url: String?, region: String?, osType: String?
    ) throws(CloudRefusal) {
        _ = try Self.name(name)
        _ = try Self.size(size)
        _ = try Self.region(region)
        guard let url, url.hasPrefix("https://") || url.hasPrefix("http://") else {
            throw .invalid("url must be an http or https URL of a raw disk image")
        }
        guard ["linux", "windows"].contains(osType ?? "linux") else {
            throw .invalid("os_type must be linux or windows")
        }
        throw .conflict(
            "This cloud cannot import snapshots: its instances share the host's kernel and boot no disk image")
    }

    /// Renames a snapshot.
    /// - Throws: 404, 400; 409 while it is going.
    public mutating func renameSnapshot(
        _ id: String, to name: String?, now: Int64
    ) throws(CloudRefusal) -> CloudSnapshot {
        var snapshot = try snapshot(id)
        snapshot.name = try Self.name(name)
        guard snapshot.status != .deleting else { throw .conflict("Snapshot \(id) is being deleted") }
        snapshot.updatedAt = now
        snapshots[id] = snapshot
        return snapshot
    }

    /// Starts a snapshot's deletion.
    /// - Throws: 404; 409 while an instance is being created, or a snapshot copied, from it.
    public mutating func deleteSnapshot(_ id: String, now: Int64) throws(CloudRefusal) {
        var snapshot = try snapshot(id)
        if let user = instances.first(where: { $0.sourceSnapshot == id && $0.status == .creating }) {
            throw .inUse("Snapshot", id, by: "instance \(user.id), which is being created")
        }
        if let user = snapshots.first(where: { $0.sourceSnapshot == id && $0.status == .creating }) {
            throw .inUse("Snapshot", id, by: "snapshot \(user.id), which is being copied")
        }
        guard snapshot.status != .deleting else { return }
        snapshot.status = .deleting
        snapshot.isSettled = false
        snapshot.due = now
        snapshot.updatedAt = now
        snapshots[id] = snapshot
    }

    /// The backend has finished copying, or removing.
    public mutating func settle(snapshot id: String, now: Int64) {
        guard let due = snapshots[id]?.due else { return }
        snapshots[id]?.isSettled = true
        timers.add(.snapshot, id, at: due)
        advance(to: now)
    }

    /// The backend could not copy.
    public mutating func fail(snapshot id: String, now: Int64) {
        guard snapshots[id]?.status == .creating else { return }
        snapshots[id]?.status = .error
        snapshots[id]?.updatedAt = now
    }
}
