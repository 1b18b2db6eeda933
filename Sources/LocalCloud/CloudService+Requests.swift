import CloudModel

extension CloudService {
    /// The instance, its state and all listings are read here.
    var model: CloudModel { state.model }

    func createInstance(_ request: InstanceRequest) throws -> CloudInstance {
        guard !isStopping, end == nil else {
            throw CloudRefusal(status: 503, code: "05003", message: "The local cloud is ending")
        }
        let id = environment.freshID()
        let now = environment.now()
        var next = state
        let instance = try next.model.createInstance(request, id: id, now: now)
        let plan = FirstBootReader.plan(
            metadata: request.metadata,
            registeredKeys: instance.sshKeys.compactMap { try? next.model.sshKey($0.id).value })
        let taken = Set(state.machines.values.map(\.address))
        let machine = Machine(
            id: id, hostname: instance.hostname, sourceSnapshot: instance.sourceSnapshot,
            address: try backend.freeAddress(id: id, taken: taken), allowsPassword: request.password != nil,
            hasBooted: false)
        // The folder first: a record without it could not be booted, a folder without a record is swept at the next start.
        try backend.prepare(machine, plan, password: request.password)
        next.machines[id] = machine
        let finished = next
        _ = try commit { (state: inout CloudState) throws(CloudRefusal) in state = finished }
        enqueue(id)
        return instance
    }

    func deleteInstance(_ id: String) throws {
        let now = environment.now()
        try commit { (state: inout CloudState) throws(CloudRefusal) in
            try state.model.deleteInstance(id, now: now)
        }
        enqueue(id)
    }

    func perform(_ action: String, on id: String) throws {
        let now = environment.now()
        let taken = Set(state.machines.values.filter { $0.id != id }.map(\.address))
        // Whoever started meanwhile may have the port of a machine that was stopped.
        var address = state.machines[id]?.address
        if action == "start", let old = address, Loopback.bindable(host: old.host, port: old.port) == nil {
            address = try backend.freeAddress(id: id, taken: taken)
        }
        let chosen = address
        try commit { (state: inout CloudState) throws(CloudRefusal) in
            try state.model.perform(action, on: id, now: now)
            if let chosen { state.machines[id]?.address = chosen }
        }
        enqueue(id)
    }

    func patchInstance(_ id: String, _ patch: InstancePatch) throws -> CloudInstance {
        let now = environment.now()
        return try commit { (state: inout CloudState) throws(CloudRefusal) in
            try state.model.patchInstance(id, patch, now: now)
        }
    }

    func createSnapshot(of id: String, name: String?) throws -> CloudSnapshot {
        let now = environment.now()
        let fresh = environment.freshID()
        let snapshot = try commit { (state: inout CloudState) throws(CloudRefusal) in
            try state.model.createSnapshot(of: id, name: name, id: fresh, now: now)
        }
        enqueue(id)
        return snapshot
    }

    func renameSnapshot(_ id: String, to name: String?) throws -> CloudSnapshot {
        let now = environment.now()
        return try commit { (state: inout CloudState) throws(CloudRefusal) in
            try state.model.renameSnapshot(id, to: name, now: now)
        }
    }

    func deleteSnapshot(_ id: String) throws {
        let now = environment.now()
        try commit { (state: inout CloudState) throws(CloudRefusal) in
            try state.model.deleteSnapshot(id, now: now)
        }
        enqueue(id)
    }

    func createSSHKey(name: String?, value: String?) throws -> CloudSSHKey {
        let now = environment.now()
        let fresh = environment.freshID()
        let facts = value.flatMap(PublicKeyLine.facts)
        return try commit { (state: inout CloudState) throws(CloudRefusal) in
            try state.model.createSSHKey(name: name, value: value, facts: facts, id: fresh, now: now)
        }
    }

    func renameSSHKey(_ id: String, to name: String?) throws -> CloudSSHKey {
        let now = environment.now()
        return try commit { (state: inout CloudState) throws(CloudRefusal) in
            try state.model.renameSSHKey(id, to: name, now: now)
        }
    }

    func deleteSSHKey(_ id: String) throws {
        try commit { (state: inout CloudState) throws(CloudRefusal) in try state.model.deleteSSHKey(id) }
    }

    /// Ends the cloud; its instances too when `force` is set, otherwise only when there are none.
    func stop(force: Bool) throws {
        let living = state.model.instances.filter { $0.status != .deleting }
        guard force || state.model.instances.isEmpty else {
            throw CloudRefusal.conflict("\(living.count) instances exist; stop with force to destroy them")
        }
        isStopping = true
        let now = environment.now()
        try commit { (state: inout CloudState) throws(CloudRefusal) in
            for instance in living {
                if instance.isProtected {
                    _ = try state.model.patchInstance(instance.id, InstancePatch(isProtected: false), now: now)
                }
                try state.model.deleteInstance(instance.id, now: now)
            }
        }
        for instance in living { enqueue(instance.id) }
    }
}
