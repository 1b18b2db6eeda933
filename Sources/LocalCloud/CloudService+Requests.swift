import CloudModel

extension CloudService {
    func createInstance(_ request: InstanceRequest) throws -> CloudInstanceView {
        guard !isStopping, end == nil else {
            throw CloudRefusal(status: 503, code: "05003", message: "The local cloud is ending")
        }
        let id = environment.freshID()
        // Met is met: a refusal that a script wanted only twice must not come for ever.
        var played = faults
        defer { faults = played }
        let backend = backend
        let view = try commit { state, now in
            // Judged first: what is refused anyway must not use up a fault.
            var trial = try state.model.createInstance(request, id: id, now: now)
            if !played.isEmpty {
                state.rollBack()
                let quirks = try played.creation(request)
                trial = try state.model.createInstance(request, id: id, now: now, quirks: quirks)
            }
            let instance = trial
            let plan = FirstBootReader.plan(
                metadata: request.metadata,
                registeredKeys: instance.sshKeys.compactMap { state.model.sshKeys[$0.id]?.value })
            let floating = instance.floatingIP.flatMap { state.model.floatingIPs[$0]?.address }
            var machine = Machine(
                id: id, hostname: instance.hostname, sourceSnapshot: instance.sourceSnapshot,
                address: try backend.freeAddress(id: id, on: floating) { state.machines.isTaken($0) },
                allowsPassword: request.password != nil, ssh: instance.quirks?.ssh)
            machine.mounts = MountPoints.chosen(for: instance, in: state.model, keeping: [])
            // The folder first: a record without it could not be booted, a folder without a record is swept at the next
            // start.
            try backend.prepare(machine, plan, password: request.password)
            state.machines[id] = machine
            return state.model.view(instance, now: now)
        }
        enqueue(id)
        return view
    }

    func deleteInstance(_ id: String) throws {
        if try commit({ state, _ in state.model.refuseDestroy(id) }) {
            throw CloudRefusal.conflict("Instance \(id) is busy and cannot be destroyed now")
        }
        try commit { state, now in try state.model.deleteInstance(id, now: now) }
        enqueue(id)
    }

    func perform(_ action: String?, on id: String) throws {
        let backend = backend
        try commit { state, now in
            try state.model.perform(action, on: id, now: now)
            // A start gets a new address, unless it is a floating or a static one.
            guard action == CloudInstance.Action.start.rawValue, let machine = state.machines[id] else { return }
            let keeps = try state.model.instance(id).keepsAddress
            if keeps, backend.kind == .simulated || Loopback.bindable(machine.address) { return }
            let salt = keeps ? id : id + String(now)
            let address = try backend.freeAddress(id: salt, on: keeps ? machine.address.host : nil) {
                state.machines.isTaken($0)
            }
            state.machines[id]?.address = address
        }
        enqueue(id)
    }

    /// Volumes are in the instance, or out of it, when this returns; where that cannot be done live, at its next start.
    func patchInstance(_ id: String, _ patch: InstancePatch) async throws -> CloudInstanceView {
        let view = try commit { state, now in
            let instance = try state.model.patchInstance(id, patch, now: now)
            if let machine = state.machines[id] {
                state.machines[id]?.mounts = MountPoints.chosen(
                    for: instance, in: state.model, keeping: machine.mounts)
            }
            return state.model.view(instance, now: now)
        }
        if patch.volumes != nil { syncMounts(id) }
        return view
    }

    /// Ends the cloud; its instances too when `force` is set, otherwise only when there are none.
    func stop(force: Bool) throws {
        let living = state.model.instances.filter { $0.status != .deleting }
        guard force || state.model.instances.isEmpty else {
            throw CloudRefusal.conflict("\(living.count) instances exist; stop with force to destroy them")
        }
        try commit { state, now in
            for instance in living {
                if instance.isProtected {
                    _ = try state.model.patchInstance(instance.id, InstancePatch(isProtected: false), now: now)
                }
                while state.model.refuseDestroy(instance.id) {}
                try state.model.deleteInstance(instance.id, now: now)
            }
        }
        isStopping = true
        for instance in living { enqueue(instance.id) }
    }

    /// Plays another fault script from now on. What is in store for living instances stays.
    func play(_ script: FaultScript) { faults = FaultEngine(script) }

    /// Room for each type, as far as the fault script says.
    func capacity() -> [(type: String, available: Bool)] {
        CloudCatalogue.types.map { (type: $0, available: faults.hasCapacity(for: $0)) }
    }
}

/// Where volumes appear: `/mnt/<name>`.
enum MountPoints {
    static func chosen(
        for instance: CloudInstance, in model: CloudModel, keeping old: [VolumeMount]
    ) -> [VolumeMount] {
        var chosen = old.filter { instance.volumes.contains($0.volume) }
        for id in instance.volumes where !chosen.contains(where: { $0.volume == id }) {
            let name = folderName(model.volumes[id]?.name ?? "")
            let path = "/mnt/\(name)"
            let isFree = !name.isEmpty && !chosen.contains { $0.path == path }
            chosen.append(VolumeMount(volume: id, path: isFree ? path : "/mnt/\(name)\(name.isEmpty ? "" : "-")\(id)"))
        }
        return chosen
    }

    /// Letters, digits, `.`, `_` and `-` of the name, others as `-`; no leading dot.
    private static func folderName(_ name: String) -> String {
        let safe = name.utf8.prefix(100).map { byte -> Character in
            let isSafe =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".")
            return isSafe ? Character(Unicode.Scalar(byte)) : "-"
        }
        return String(safe.drop { $0 == "." })
    }
}
