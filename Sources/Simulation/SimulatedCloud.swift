import CloudModel
import MayflyCore

/// The provider's side: the model's rules, the fault script, and a machine for every instance.
final class SimulatedCloud: @unchecked Sendable {
    private let world: World
    var model: CloudModel
    var faults: FaultEngine
    private var machines: [String: SimulatedMachine] = [:]
    private var byAddress: [String: SimulatedMachine] = [:]
    private var hiddenUntil: [String: Int64] = [:]
    private var made = 0
    /// Never forgotten.
    private var byHostname: [String: [String]] = [:]

    init(world: World) {
        self.world = world
        var delays = CloudModel.Delays()
        delays.delete = VirtualClock.microseconds(world.plan.pace.deletion) / 1000
        model = CloudModel(delays: delays)
        faults = FaultEngine(world.plan.faults)
    }

    /// The cloud's own clock: no jump of the keeper's host moves it.
    var now: Int64 { World.epoch + world.clock.now / 1000 }

    func advance() { model.advance(to: now) }

    private func address(of id: String) -> String {
        let number = Int(id.dropFirst(2)) ?? 0
        return "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
    }

    private func freshID() -> String {
        made += 1
        return "i-\(made)"
    }

    // MARK: Requests

    func create(_ order: InstanceOrder) throws -> CloudInstanceView {
        advance()
        var request = InstanceRequest(
            name: order.name, hostname: order.hostname, type: order.machine.type, region: order.machine.region,
            image: order.machine.image, sshKeys: [order.sshKey])
        let id = freshID()
        request.destroyOnShutdown = true
        let quirks = faults.isEmpty ? .none : try faults.creation(request)
        let instance = try model.createInstance(request, id: id, now: now, quirks: quirks)
        world.check.created(order.hostname, earlier: byHostname[order.hostname]?.count ?? 0)
        byHostname[order.hostname, default: []].append(id)
        let address = address(of: id)
        let machine = SimulatedMachine(id: id, hostname: order.hostname, name: order.name, world: world)
        machines[id] = machine
        byAddress[address] = machine
        hiddenUntil[id] = world.clock.now + VirtualClock.microseconds(world.plan.pace.getLag)
        world.clock.after(world.plan.pace.boot) { [self] in boot(id, machine, address, quirks) }
        machine.shutsDown(in: order.name) { [self] in
            world.note("shuts itself down", 0, 0, id)
            world.check.shutItselfDown(machine.hostname)
            model.poweredOff(instance: id, now: now)
            takeDown(id)
        }
        if let job = machine.job, let vanishes = world.plan.jobs[job].vanishesAfter {
            world.clock.after(vanishes) { [self] in
                guard model.instances.contains(id) else { return }
                world.note("vanishes", made)
                try? model.deleteInstance(id, now: now)
                takeDown(id)
            }
        }
        return model.view(instance, now: now)
    }

    private func boot(_ id: String, _ machine: SimulatedMachine, _ address: String, _ quirks: InstanceQuirks) {
        advance()
        guard let status = model.instances[id]?.status, status == .creating else { return }
        model.assign(instance: id, privateIP: address, publicIP: address, sshPort: 22)
        model.settle(instance: id, now: now)
        switch quirks.ssh {
        case .never: break
        case .by(let late): machine.answers(after: world.plan.pace.sshAfterBoot + .milliseconds(late))
        case nil: machine.answers(after: world.plan.pace.sshAfterBoot)
        }
    }

    func view(_ id: String) -> CloudInstanceView? {
        advance()
        if let hidden = hiddenUntil[id], hidden > world.clock.now { return nil }
        return try? model.instanceView(id, now: now)
    }

    func page(_ number: Int, wanting isWanted: (CloudInstance) -> Bool) -> CloudPage<CloudInstanceView>? {
        advance()
        guard let request = try? CloudPageRequest(page: String(number), perPage: "100") else { return nil }
        return model.instancePage(request, now: now, wanting: isWanted)
    }

    func destroy(_ id: String) throws {
        advance()
        guard model.instances.contains(id) else { throw CloudRefusal.notFound("Instance", id) }
        if model.refuseDestroy(id) { throw CloudRefusal.conflict("Instance \(id) is busy and cannot be destroyed now") }
        try model.deleteInstance(id, now: now)
        takeDown(id)
    }

    private func takeDown(_ id: String) {
        machines[id]?.powerOff()
        byAddress[address(of: id)] = nil
        model.settle(instance: id, now: now)
    }

    func snapshots(of id: String) throws -> [CloudSnapshot] {
        advance()
        guard let request = try? CloudPageRequest(page: "1", perPage: "100") else { return [] }
        return try model.snapshotPage(ofInstance: id, request).items
    }

    func createSnapshot(of id: String, name: String) throws -> CloudSnapshot {
        advance()
        made += 1
        let snapshot = "s-\(made)"
        let taken = try model.createSnapshot(of: id, name: name, id: snapshot, now: now)
        let fails = world.draw(world.plan.snapshotFailures)
        world.clock.after(world.plan.pace.snapshot) { [self] in
            if fails { model.fail(snapshot: snapshot, now: now) } else { model.settle(snapshot: snapshot, now: now) }
        }
        return taken
    }

    func deleteSnapshot(_ id: String) throws {
        advance()
        if let snapshot = model.snapshots[id] { world.check.deletes(snapshot) }
        try model.deleteSnapshot(id, now: now)
        model.settle(snapshot: id, now: now)
    }

    func createKey(name: String) throws -> String {
        made += 1
        let facts = CloudSSHKey.KeyFacts(type: "ed25519", size: 256, fingerprint: "00")
        return try model.createSSHKey(name: name, value: "ssh-ed25519 AAAA", facts: facts, id: "k-\(made)", now: now).id
    }

    var keys: [CloudSSHKey] { model.sshKeys.items }

    func machine(at address: String) -> SimulatedMachine? { byAddress[address] }

    /// The hostnames and statuses of all there is.
    var leftovers: [String] {
        advance()
        return model.instances.map { "\($0.hostname) (\($0.status.rawValue))" }
    }

    var isEmpty: Bool {
        advance()
        return model.instances.isEmpty
    }

    var finishedSnapshots: [String] { model.snapshots.filter { $0.status == .created }.map(\.name) }

    /// The machine on which an attempt's command ran, or else its first.
    func machine(of hostname: String) -> SimulatedMachine? {
        let all = byHostname[hostname, default: []].compactMap { machines[$0] }
        return all.first { $0.run(of: "run") != nil } ?? all.first
    }

    /// Whether any instance of this hostname exists, whatever listings show.
    func hasInstance(hostname: String) -> Bool {
        advance()
        return byHostname[hostname, default: []].contains { model.instances.contains($0) }
    }
}
