import CloudModel

/// Everything but instances.
extension CloudService {
    func createSnapshot(of id: String, name: String?, replicatedRegion: String?) throws -> CloudSnapshot {
        let (fresh, second) = (environment.freshID(), environment.freshID())
        let snapshot = try commit { state, now in
            try state.model.createSnapshot(
                of: id, name: name, id: fresh, replica: replicatedRegion.map { ($0, second) }, now: now)
        }
        enqueue(id)
        return snapshot
    }

    func cloneSnapshot(_ id: String, name: String?, region: String?) throws -> CloudSnapshot {
        let fresh = environment.freshID()
        let snapshot = try commit { state, now in
            try state.model.cloneSnapshot(id, name: name, region: region, as: fresh, now: now)
        }
        enqueue(fresh)
        return snapshot
    }

    func renameSnapshot(_ id: String, to name: String?) throws -> CloudSnapshot {
        try commit { state, now in try state.model.renameSnapshot(id, to: name, now: now) }
    }

    func deleteSnapshot(_ id: String) throws {
        try commit { state, now in try state.model.deleteSnapshot(id, now: now) }
        enqueue(id)
    }

    func createSSHKey(name: String?, value: String?) throws -> CloudSSHKey {
        let fresh = environment.freshID()
        let facts = value.flatMap(PublicKeyLine.facts)
        return try commit { state, now in
            try state.model.createSSHKey(name: name, value: value, facts: facts, id: fresh, now: now)
        }
    }

    func renameSSHKey(_ id: String, to name: String?) throws -> CloudSSHKey {
        try commit { state, now in try state.model.renameSSHKey(id, to: name, now: now) }
    }

    func deleteSSHKey(_ id: String) throws { try commit { state, _ in try state.model.deleteSSHKey(id) } }

    func createVolume(_ request: StorageRequest) throws -> CloudVolume {
        let fresh = environment.freshID()
        let volume = try commit { state, now in try state.model.createVolume(request, id: fresh, now: now) }
        enqueue(fresh)
        return volume
    }

    func patchVolume(_ id: String, _ request: StorageRequest) throws -> (CloudVolume, CloudReference?) {
        try commit { state, now in
            let volume = try state.model.patchVolume(id, request, now: now)
            return (volume, state.model.user(volume.instance))
        }
    }

    func deleteVolume(_ id: String) throws {
        try commit { state, now in try state.model.deleteVolume(id, now: now) }
        enqueue(id)
    }

    func createFilesystem(_ request: StorageRequest) throws -> CloudFilesystem {
        let fresh = environment.freshID()
        return try commit { state, now in try state.model.createFilesystem(request, id: fresh, now: now) }
    }

    func patchFilesystem(_ id: String, _ request: StorageRequest) throws -> CloudFilesystem {
        try commit { state, now in try state.model.patchFilesystem(id, request, now: now) }
    }

    func deleteFilesystem(_ id: String) throws {
        try commit { state, now in try state.model.deleteFilesystem(id, now: now) }
    }

    func createSecurityGroup(_ request: SecurityGroupRequest) throws -> CloudSecurityGroup {
        let fresh = environment.freshID()
        return try commit { state, now in try state.model.createSecurityGroup(request, id: fresh, now: now) }
    }

    func patchSecurityGroup(_ id: String, _ request: SecurityGroupRequest) throws -> CloudSecurityGroup {
        try commit { state, now in try state.model.patchSecurityGroup(id, request, now: now) }
    }

    func deleteSecurityGroup(_ id: String) throws {
        try commit { state, now in try state.model.deleteSecurityGroup(id, now: now) }
    }

    func createFloatingIP(_ request: FloatingIPRequest) throws -> CloudFloatingIP {
        let fresh = environment.freshID()
        return try commit { state, now in try state.model.createFloatingIP(request, id: fresh, now: now) }
    }

    func patchFloatingIP(_ id: String, _ request: FloatingIPRequest) throws -> (CloudFloatingIP, CloudReference?) {
        try commit { state, now in
            let address = try state.model.patchFloatingIP(id, request, now: now)
            return (address, state.model.user(address.instance))
        }
    }

    func deleteFloatingIP(_ id: String) throws {
        try commit { state, now in try state.model.deleteFloatingIP(id, now: now) }
    }
}
