import CloudModel
import Logging

extension CloudService {
    /// Takes up what an earlier run left: living machines go on, unfinished work is finished, strangers' leftovers go.
    func adopt() {
        note { state, now in state.model.advance(to: now) }
        for instance in state.model.instances {
            backend.thaw(instance.id)
            enqueue(instance.id)
        }
        for snapshot in state.model.snapshots
        where snapshot.status == .deleting || (snapshot.status == .creating && snapshot.sourceSnapshot != nil) {
            enqueue(snapshot.id)
        }
        for volume in state.model.volumes where volume.status == .creating || volume.status == .deleting {
            enqueue(volume.id)
        }
        let left = backend.leftovers()
        for id in left.machines where state.machines[id] == nil { enqueue(id) }
        for id in left.snapshots where state.model.snapshots[id] == nil { enqueue(id) }
    }

    /// Does what the status of one instance, snapshot or volume asks for, until nothing is left to do. Safe to repeat.
    func reconcile(_ id: String) async {
        guard end == nil else { return }
        if let snapshot = state.model.snapshots[id] { return await reconcile(snapshot: snapshot) }
        if let volume = state.model.volumes[id] { return await reconcile(volume: volume) }
        guard let instance = state.model.instances[id] else { return await purge(id) }
        guard let machine = state.machines[id] else {
            // Taken down already, though a script then let it end in `error`: nothing is left to do but to say so.
            note { state, now in
                if instance.status == .creating || instance.status == .starting || instance.status == .resetting {
                    state.model.fail(instance: id, now: now)
                } else {
                    state.model.settle(instance: id, now: now)
                }
            }
            return
        }
        await copySnapshots(of: instance)
        switch instance.status {
        case .creating, .starting:
            guard !instance.isDone else { return }
            await bringUp(machine, status: instance.status)
        case .resetting:
            guard !instance.isDone else { return }
            await attempt(id) { try await self.backend.kill(id) }
            await bringUp(machine, status: .resetting)
        case .stopping:
            await attempt(id) { try await self.backend.kill(id) }
            note { state, now in
                state.machines[id]?.mounted = []
                state.model.settle(instance: id, now: now)
            }
        case .deleting: await takeDown(id)
        case .pendingPayment, .active, .stopped, .error: break
        }
    }

    private func bringUp(_ machine: Machine, status: CloudInstance.Status) async {
        let id = machine.id
        do {
            if backend.isAlive(id), backend.kind != .simulated {
                logger.debug("instance adopted", metadata: ["id": "\(id)"])
            } else {
                if status == .creating {
                    // Noted, but not begun: an earlier local cloud was killed in between.
                    guard !machine.hasBooted || !backend.hasBegunBoot(id) else {
                        throw LocalCloudError(.machine, "the instance died during its first boot")
                    }
                    try await backend.makeDisk(machine)
                }
                let launched = state.machines[id] ?? machine
                note { state, _ in
                    state.machines[id]?.hasBooted = true
                    state.machines[id]?.mounted = launched.mounts
                }
                try backend.launch(launched, isFirst: status == .creating)
            }
            try await waitForServer(machine)
            note { state, now in
                state.model.assign(
                    instance: id, privateIP: machine.address.host, publicIP: machine.address.host,
                    sshPort: machine.address.port)
                state.model.settle(instance: id, now: now)
            }
            syncMounts(id)
        } catch {
            logger.debug("instance failed", metadata: ["id": "\(id)", "error": "\(error)"])
            await attempt(id) { try await self.backend.kill(id) }
            note { state, now in state.model.fail(instance: id, now: now) }
        }
    }

    /// Waits for the SSH server, but no longer than a boot takes: as in the real cloud, a long `bootcmd` leaves an active
    /// instance whose SSH server is not up yet.
    private func waitForServer(_ machine: Machine) async throws {
        let deadline = ContinuousClock.now + .seconds(3)
        while machine.ssh == nil, !backend.accepts(machine) {
            guard backend.isAlive(machine.id) else {
                throw LocalCloudError(.machine, "the boot failed: \(backend.bootLog(machine.id).suffix(2000))")
            }
            let status = state.model.instances[machine.id]?.status
            guard ContinuousClock.now < deadline, status == .creating || status == .starting || status == .resetting
            else { return }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Mounts and unmounts in a running machine what its volumes ask for.
    func syncMounts(_ id: String) {
        guard let machine = state.machines[id], machine.mounts != machine.mounted, backend.isAlive(id) else { return }
        for mount in machine.mounted where !machine.mounts.contains(mount) {
            change(mount, in: id, backend.unmount) { mounts in mounts.removeAll { $0 == mount } }
        }
        for mount in machine.mounts where !machine.mounted.contains(mount) {
            change(mount, in: id, backend.mount) { mounts in mounts.append(mount) }
        }
    }

    private func change(
        _ mount: VolumeMount, in id: String, _ act: (VolumeMount, String) throws -> Void,
        _ record: (inout [VolumeMount]) -> Void
    ) {
        do {
            try act(mount, id)
            note { state, _ in
                guard var machine = state.machines[id] else { return }
                record(&machine.mounted)
                state.machines[id] = machine
            }
        } catch {
            logger.notice(
                "a volume changes only when the instance starts again",
                metadata: ["id": "\(id)", "volume": "\(mount.volume)", "path": "\(mount.path)", "error": "\(error)"])
        }
    }

    private func takeDown(_ id: String) async {
        guard await attempt(id, { try await self.backend.kill(id) }) else { return }
        guard await attempt(id, { try await self.backend.remove(id) }) else { return }
        note { state, now in
            state.machines[id] = nil
            state.model.settle(instance: id, now: now)
        }
    }

    /// Ends and removes what no record knows.
    func purge(_ id: String) async {
        guard await attempt(id, { try await self.backend.kill(id) }) else { return }
        await attempt(id) { try await self.backend.remove(id) }
        await attempt(id) { try await self.backend.removeSnapshot(id) }
    }

    private func copySnapshots(of instance: CloudInstance) async {
        guard !state.model.snapshots.isEmpty else { return }
        for snapshot in state.model.snapshots.filter({ $0.resourceID == instance.id }) {
            guard snapshot.status == .creating, !snapshot.isDone, snapshot.sourceSnapshot == nil else { continue }
            let done = await attempt(snapshot.id) {
                try await self.backend.copyDisk(of: instance.id, to: snapshot.id)
            }
            finish(snapshot.id, done)
        }
    }

    private func finish(_ snapshot: String, _ done: Bool) {
        note { state, now in
            guard state.model.snapshots[snapshot]?.status == .creating else { return }
            if done { state.model.settle(snapshot: snapshot, now: now) }
            if !done { state.model.fail(snapshot: snapshot, now: now) }
        }
        enqueue(snapshot)  // it may have been deleted while it was copied
    }

    private func reconcile(snapshot: CloudSnapshot) async {
        let id = snapshot.id
        if snapshot.status == .creating, !snapshot.isDone, let source = snapshot.sourceSnapshot {
            finish(id, await attempt(id) { try await self.backend.copySnapshot(source, to: id) })
        }
        guard snapshot.status == .deleting else { return }
        guard await attempt(id, { try await self.backend.removeSnapshot(id) }) else { return }
        note { state, now in state.model.settle(snapshot: id, now: now) }
    }

    private func reconcile(volume: CloudVolume) async {
        let id = volume.id
        switch volume.status {
        case .creating:
            guard !volume.isDone else { return }
            let done = await attempt(id) { try await self.backend.makeVolume(id) }
            note { state, now in
                guard state.model.volumes[id]?.status == .creating else { return }
                if done { state.model.settle(volume: id, now: now) }
                if !done { state.model.fail(volume: id, now: now) }
            }
            enqueue(id)
        case .deleting:
            guard await attempt(id, { try await self.backend.removeVolume(id) }) else { return }
            note { state, now in state.model.settle(volume: id, now: now) }
        case .created, .error: break
        }
    }

    /// Does it and says whether it worked; the words go to the log.
    @discardableResult
    private func attempt(_ id: String, _ body: () async throws -> Void) async -> Bool {
        do {
            try await body()
            return true
        } catch {
            logger.debug("work on a machine failed", metadata: ["id": "\(id)", "error": "\(error)"])
            return false
        }
    }
}
