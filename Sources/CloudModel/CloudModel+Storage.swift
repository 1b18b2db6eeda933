extension CloudModel {
    /// Starts a volume; the backend settles it.
    /// - Throws: 400; 403 at the quota.
    public mutating func createVolume(
        _ request: StorageRequest, id: String, now: Int64
    ) throws(CloudRefusal) -> CloudVolume {
        let volume = CloudVolume(
            id: id, name: try Self.name(request.name), description: try Self.description(request.description),
            type: try Self.kind(request.type, ["hdd", "ssd"]), size: try Self.size(request.size),
            region: try Self.region(request.region), status: .creating, instance: nil, createdAt: now, updatedAt: now,
            due: now + delays.resource, isSettled: false)
        try checkQuota(addingVolume: volume.size)
        volumes[id] = volume
        return volume
    }

    /// Renames or grows a volume.
    /// - Throws: 404, 400; 403 at the quota; 409 while it is going.
    public mutating func patchVolume(
        _ id: String, _ request: StorageRequest, now: Int64
    ) throws(CloudRefusal) -> CloudVolume {
        var volume = try volume(id)
        guard volume.status != .deleting else { throw .conflict("Volume \(id) is being deleted") }
        if let name = request.name { volume.name = try Self.name(name) }
        if let description = request.description { volume.description = try Self.description(description) }
        if let size = request.size {
            volume.size = try Self.grown(size, from: volume.size)
            try checkQuota(addingVolume: volume.size - (volumes[id]?.size ?? 0))
        }
        volume.updatedAt = now
        volumes[id] = volume
        return volume
    }

    /// Starts a volume's deletion.
    /// - Throws: 404; 409 while it is attached, to a stopped instance too.
    public mutating func deleteVolume(_ id: String, now: Int64) throws(CloudRefusal) {
        var volume = try volume(id)
        if let user = volume.instance { throw .inUse("Volume", id, by: "instance \(user)") }
        guard volume.status != .deleting else { return }
        volume.status = .deleting
        volume.isSettled = false
        volume.due = now
        volume.updatedAt = now
        volumes[id] = volume
    }

    /// The backend has made the volume, or removed it.
    public mutating func settle(volume id: String, now: Int64) {
        guard let due = volumes[id]?.due else { return }
        volumes[id]?.isSettled = true
        timers.add(.volume, id, at: due)
        advance(to: now)
    }

    /// The backend could not make it.
    public mutating func fail(volume id: String, now: Int64) {
        guard volumes[id]?.status == .creating else { return }
        volumes[id]?.status = .error
        volumes[id]?.updatedAt = now
    }

    /// Volumes must be free, `created` and in the same region.
    func checkAttachable(_ id: String, region: String, to instance: String) throws(CloudRefusal) {
        guard let volume = volumes[id] else { throw .invalid("volume \(id.prefix(100)) not found") }
        guard volume.region == region else {
            throw .invalid("volume \(id) is in \(volume.region), not in \(region)")
        }
        guard volume.status == .created else {
            throw .conflict("Volume \(id) is \(volume.status.rawValue), not created")
        }
        if let user = volume.instance, user != instance { throw .inUse("Volume", id, by: "instance \(user)") }
    }

    /// Starts a file system.
    /// - Throws: 400; 403 at the quota.
    public mutating func createFilesystem(
        _ request: StorageRequest, id: String, now: Int64
    ) throws(CloudRefusal) -> CloudFilesystem {
        let filesystem = CloudFilesystem(
            id: id, name: try Self.name(request.name), description: try Self.description(request.description),
            type: try Self.kind(request.type, ["vast"]), size: try Self.size(request.size),
            region: try Self.region(request.region), status: .creating, createdAt: now, updatedAt: now,
            due: now + delays.resource)
        guard filesystems.reduce(filesystem.size, { $0 + $1.size }) <= limits.filesystemSize else {
            throw .quota("\(limits.filesystemSize) GiB of file systems")
        }
        filesystems[id] = filesystem
        timers.add(.filesystem, id, at: filesystem.due)
        return filesystem
    }

    /// Renames or grows a file system.
    /// - Throws: 404, 400; 409 while it is going.
    public mutating func patchFilesystem(
        _ id: String, _ request: StorageRequest, now: Int64
    ) throws(CloudRefusal) -> CloudFilesystem {
        var filesystem = try filesystem(id)
        guard filesystem.status != .deleting else { throw .conflict("Filesystem \(id) is being deleted") }
        if let name = request.name { filesystem.name = try Self.name(name) }
        if let description = request.description { filesystem.description = try Self.description(description) }
        if let size = request.size { filesystem.size = try Self.grown(size, from: filesystem.size) }
        filesystem.updatedAt = now
        filesystems[id] = filesystem
        return filesystem
    }

    /// Starts a file system's deletion.
    /// - Throws: 404.
    public mutating func deleteFilesystem(_ id: String, now: Int64) throws(CloudRefusal) {
        var filesystem = try filesystem(id)
        guard filesystem.status != .deleting else { return }
        filesystem.status = .deleting
        filesystem.due = now + delays.resource
        filesystem.updatedAt = now
        filesystems[id] = filesystem
        timers.add(.filesystem, id, at: filesystem.due)
    }

    private static func kind(_ type: String?, _ known: [String]) throws(CloudRefusal) -> String {
        let type = type ?? known[0]
        guard known.contains(type) else { throw .invalid("type must be \(known.joined(separator: " or "))") }
        return type
    }

    private static func grown(_ size: Int, from old: Int) throws(CloudRefusal) -> Int {
        guard size >= old, sizes.contains(size) else {
            throw .invalid("size can only be increased, from \(old) to at most \(sizes.upperBound) GiB")
        }
        return size
    }
}
