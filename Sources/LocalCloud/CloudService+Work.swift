import CloudModel
import Logging

extension CloudService {
    /// Takes up what an earlier run left: living machines go on, unfinished work is finished, strangers' leftovers go.
    func adopt() {
        let now = environment.now()
        note { $0.model.advance(to: now) }
        for instance in state.model.instances {
            backend.thaw(instance.id)
            enqueue(instance.id)
        }
        for snapshot in state.model.snapshots where snapshot.status == .deleting { enqueue(snapshot.id) }
        let left = backend.leftovers()
        let knownSnapshots = Set(state.model.snapshots.map(\.id))
        for id in left.machines where state.machines[id] == nil { enqueue(id) }
        for id in left.snapshots where !knownSnapshots.contains(id) { enqueue(id) }
    }

    /// Does what the status of one instance or snapshot asks for, until nothing is left to do. Safe to repeat.
    func reconcile(_ id: String) async {
        guard end == nil else { return }
        if let snapshot = state.model.snapshots.first(where: { $0.id == id }) {
            return await reconcile(snapshot: snapshot)
        }
        guard let instance = state.model.instances.first(where: { $0.id == id }), let machine = state.machines[id]
        else {
            return await purge(id)
        }
        await copySnapshots(of: instance)
        switch instance.status {
        case .creating, .starting: await bringUp(machine, status: instance.status)
        case .resetting:
            await attempt(id) { try await self.backend.kill(id) }
            await bringUp(machine, status: .resetting)
        case .stopping:
            await attempt(id) { try await self.backend.kill(id) }
            let now = environment.now()
            note { $0.model.settle(instance: id, now: now) }
        case .deleting: await takeDown(id)
        case .pendingPayment, .active, .stopped, .error: break
        }
    }

    private func bringUp(_ machine: Machine, status: CloudInstance.Status) async {
        let id = machine.id
        do {
            if backend.isAlive(id) {
                logger.debug("instance adopted", metadata: ["id": "\(id)"])
            } else if status == .creating {
                guard !machine.hasBooted else {
                    throw LocalCloudError(.machine, "the instance died during its first boot")
                }
                try await backend.makeDisk(machine)
                note { $0.machines[id]?.hasBooted = true }
                try backend.launch(machine, isFirst: true)
            } else {
                try backend.launch(machine, isFirst: false)
            }
            try await waitForServer(machine)
            let now = environment.now()
            note { state in
                state.model.assign(
                    instance: id, privateIP: machine.address.host, publicIP: machine.address.host,
                    sshPort: machine.address.port)
                state.model.settle(instance: id, now: now)
            }
        } catch {
            logger.debug("instance failed", metadata: ["id": "\(id)", "error": "\(error)"])
            await attempt(id) { try await self.backend.kill(id) }
            let now = environment.now()
            note { $0.model.fail(instance: id, now: now) }
        }
    }

    /// Waits for the SSH server, but no longer than a boot takes: as in the real cloud, a long `bootcmd` leaves an active
    /// instance whose SSH server is not up yet.
    private func waitForServer(_ machine: Machine) async throws {
        let deadline = ContinuousClock.now + .seconds(3)
        while !backend.accepts(machine) {
            guard backend.isAlive(machine.id) else {
                throw LocalCloudError(.machine, "the boot failed: \(backend.bootLog(machine.id).suffix(2000))")
            }
            let status = state.model.instances.first { $0.id == machine.id }?.status
            guard ContinuousClock.now < deadline, status == .creating || status == .starting || status == .resetting
            else { return }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private func takeDown(_ id: String) async {
        guard await attempt(id, { try await self.backend.kill(id) }) else { return }
        guard await attempt(id, { try await self.backend.remove(id) }) else { return }
        let now = environment.now()
        note { state in
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
        for snapshot in state.model.snapshots where snapshot.resourceID == instance.id {
            guard snapshot.status == .creating else { continue }
            let done = await attempt(snapshot.id) {
                try await self.backend.copyDisk(of: instance.id, to: snapshot.id)
            }
            let now = environment.now()
            note { state in
                if done {
                    state.model.settle(snapshot: snapshot.id, now: now)
                } else {
                    state.model.fail(snapshot: snapshot.id, now: now)
                }
            }
            enqueue(snapshot.id)  // it may have been deleted while it was copied
        }
    }

    private func reconcile(snapshot: CloudSnapshot) async {
        guard snapshot.status == .deleting else { return }
        guard await attempt(snapshot.id, { try await self.backend.removeSnapshot(snapshot.id) }) else { return }
        let now = environment.now()
        note { $0.model.settle(snapshot: snapshot.id, now: now) }
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
