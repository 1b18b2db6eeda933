extension CloudModel {
    /// Starts a snapshot of an active or stopped instance.
    /// - Throws: 404; 400 without a name; 409 in any other status.
    public mutating func createSnapshot(
        of instanceID: String, name: String?, id: String, now: Int64
    ) throws(CloudRefusal) -> CloudSnapshot {
        let instance = try instance(instanceID)
        guard let name, (1...255).contains(name.utf8.count) else { throw .invalid("name is required") }
        guard instance.status == .active || instance.status == .stopped else {
            throw .conflict(
                "Instance \(instanceID) is \(instance.status.rawValue); it cannot be snapshotted")
        }
        let snapshot = CloudSnapshot(
            id: id, name: name, region: instance.region, size: instance.diskSize, resourceID: instanceID,
            status: .creating, createdAt: now, updatedAt: now, due: now + delays.snapshot,
            isSettled: false)
        snapshots.append(snapshot)
        return snapshot
    }

    /// Renames a snapshot.
    /// - Throws: 404, 400.
    public mutating func renameSnapshot(
        _ id: String, to name: String?, now: Int64
    ) throws(CloudRefusal) -> CloudSnapshot {
        guard let index = snapshots.firstIndex(where: { $0.id == id }) else {
            throw .notFound("Snapshot", id)
        }
        guard let name, (1...255).contains(name.utf8.count) else { throw .invalid("name is required") }
        snapshots[index].name = name
        snapshots[index].updatedAt = now
        return snapshots[index]
    }

    /// Starts a snapshot's deletion.
    /// - Throws: 404; 409 while an instance is being created from it.
    public mutating func deleteSnapshot(_ id: String, now: Int64) throws(CloudRefusal) {
        guard let index = snapshots.firstIndex(where: { $0.id == id }) else {
            throw .notFound("Snapshot", id)
        }
        guard !instances.contains(where: { $0.sourceSnapshot == id && $0.status == .creating }) else {
            throw .conflict("Snapshot \(id) is in use by an instance that is being created")
        }
        snapshots[index].status = .deleting
        snapshots[index].isSettled = false
        snapshots[index].updatedAt = now
    }

    /// The backend has finished copying, or removing.
    public mutating func settle(snapshot id: String, now: Int64) {
        guard let index = snapshots.firstIndex(where: { $0.id == id }) else { return }
        snapshots[index].isSettled = true
        advance(to: now)
    }

    /// The backend could not copy.
    public mutating func fail(snapshot id: String, now: Int64) {
        guard let index = snapshots.firstIndex(where: { $0.id == id }),
            snapshots[index].status == .creating
        else {
            return
        }
        snapshots[index].status = .error
        snapshots[index].updatedAt = now
    }

    /// Registers a public key.
    /// - Parameter facts: what the value decodes to; `nil` when it is no OpenSSH public key.
    /// - Throws: 400.
    public mutating func createSSHKey(
        name: String?, value: String?, facts: CloudSSHKey.KeyFacts?, id: String, now: Int64
    ) throws(CloudRefusal) -> CloudSSHKey {
        guard let name, (1...255).contains(name.utf8.count) else { throw .invalid("name is required") }
        guard let value, let facts else { throw .invalid("value must be an OpenSSH public key") }
        let key = CloudSSHKey(
            id: id, name: name, value: value, facts: facts, createdAt: now, updatedAt: now)
        sshKeys.append(key)
        return key
    }

    /// Renames a key.
    /// - Throws: 404, 400.
    public mutating func renameSSHKey(
        _ id: String, to name: String?, now: Int64
    ) throws(CloudRefusal) -> CloudSSHKey {
        guard let index = sshKeys.firstIndex(where: { $0.id == id }) else {
            throw .notFound("SSH key", id)
        }
        guard let name, (1...255).contains(name.utf8.count) else { throw .invalid("name is required") }
        sshKeys[index].name = name
        sshKeys[index].updatedAt = now
        return sshKeys[index]
    }

    /// Forgets a key. Instances keep what was put into them.
    /// - Throws: 404.
    public mutating func deleteSSHKey(_ id: String) throws(CloudRefusal) {
        guard sshKeys.contains(where: { $0.id == id }) else { throw .notFound("SSH key", id) }
        sshKeys.removeAll { $0.id == id }
    }
}
