import CloudModel
import Foundation
import Testing

/// Random sequences of API calls, backend reports and time: whatever happens, the model's invariants hold.
@Suite struct RandomSequenceTests {
    @Test(arguments: 1...12)
    func invariantsHoldOverRandomCalls(_ seed: UInt64) throws {
        var player = Player(seed: seed)
        for step in 0..<1000 {
            let call = player.step()
            for broken in player.brokenInvariants() { Issue.record("seed \(seed), step \(step), \(call): \(broken)") }
            if step % 100 == 99 {
                #expect(try player.text(player.shadow) == player.text(player.model), "seed \(seed), step \(step)")
            }
        }
        // Otherwise nothing has been tried.
        #expect(player.accepted > 300, "seed \(seed): \(player.accepted) accepted")
        #expect(player.refused > 50, "seed \(seed): \(player.refused) refused")
    }
}

private struct Player {
    var model = CloudModel(delays: .init(create: 40, start: 30, stop: 20, delete: 10, snapshot: 50, resource: 15))
    /// Knows the model only by its changes, as a restarted cloud does.
    var shadow = CloudModel()
    var accepted = 0
    var refused = 0
    private var now: Int64 = 1000
    private var random: UInt64
    private var fresh = 0
    private var faults: FaultEngine
    private var problems: [String] = []
    private var seen: [String: CloudInstance] = [:]

    private static let regions = ["ARC-IS-HAF-1", "NORD-NO-KRS-1"]
    private static let types = ["vcpu-2_memory-4g_disk-80g", "vcpu-4_memory-12g_disk-80g_nvidia3080-1"]

    init(seed: UInt64) {
        random = seed
        faults = FaultEngine(
            FaultScript(
                seed: seed,
                rules: [
                    FaultRule(.slowActive(.init(0, 100)), probability: 0.2), FaultRule(.neverActive, probability: 0.05),
                    FaultRule(.error(.creating, .init(0, 60)), probability: 0.05),
                    FaultRule(.error(.active, .init(0, 200)), probability: 0.05),
                    FaultRule(.destroyRefused(2), probability: 0.1),
                    FaultRule(.listLag(appears: .init(0, 50), lingers: .init(0, 50)), probability: 0.2),
                    FaultRule(.noCapacity, probability: 0.05),
                ]))
        model.limits.instances = 40
        model.tracksChanges = true
        model.confirmChanges()
    }

    func text(_ model: CloudModel) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(model), as: UTF8.self)
    }

    mutating func step() -> String {
        now += Int64(pick(25))
        model.advance(to: now)
        confirm()
        let before = pick(40) == 0 ? try? text(model) : nil
        let call = pick(27)
        do {
            try perform(call)
            accepted += 1
        } catch {
            refused += 1
            if !model.changes.isEmpty { problems.append("a refused call has changed something: \(error)") }
        }
        if let before {
            model.rollBack()
            if (try? text(model)) != before { problems.append("rolling back did not restore the state") }
        }
        confirm()
        return "call \(call)"
    }

    private mutating func confirm() {
        shadow.apply(model.changes)
        model.confirmChanges()
    }

    private mutating func perform(_ call: Int) throws {
        let id = newID()
        let instance = any(model.instances.map(\.id))
        let volume = any(model.volumes.map(\.id))
        let snapshot = any(model.snapshots.map(\.id))
        let group = any(model.securityGroups.map(\.id))
        let address = any(model.floatingIPs.map(\.id))
        let region = Self.regions[pick(2)]
        switch call {
        case 0:
            _ = try model.createSSHKey(
                name: id, value: "v", facts: .init(type: "rsa", size: 1, fingerprint: ""), id: id, now: now)
        case 1...5: try create(id, region, volume, group, address, snapshot)
        case 6, 7: try destroy(instance)
        case 8...10: try model.perform(["start", "stop", "reset", "x"][pick(4)], on: instance, now: now)
        case 11: _ = try model.patchInstance(instance, .init(volumes: .attach(volume)), now: now)
        case 12: _ = try model.patchInstance(instance, .init(volumes: .detach(volume)), now: now)
        case 13: _ = try model.patchInstance(instance, .init(securityGroups: .replace([group])), now: now)
        case 14: _ = try model.patchInstance(instance, .init(isProtected: pick(3) == 0), now: now)
        case 15: _ = try model.patchInstance(instance, .init(diskSize: 60 + pick(100)), now: now)
        case 16: _ = try model.createVolume(.init(name: id, size: pick(20), region: region), id: id, now: now)
        case 17: try model.deleteVolume(volume, now: now)
        case 18: _ = try model.createSnapshot(of: instance, name: "s", id: id, now: now)
        case 19: try model.deleteSnapshot(snapshot, now: now)
        case 20: _ = try model.cloneSnapshot(snapshot, name: "c", region: region, as: id, now: now)
        case 21:
            let rule = SecurityGroupRequest.Rule(networkProtocol: "all", direction: "ingress")
            _ = try model.createSecurityGroup(.init(name: id, region: region, rules: [rule]), id: id, now: now)
        case 22: try model.deleteSecurityGroup(group, now: now)
        case 23: _ = try model.createFloatingIP(.init(name: id, region: region), id: id, now: now)
        case 24: try model.deleteFloatingIP(address, now: now)
        default: work(instance, volume, snapshot)
        }
    }

    private mutating func create(
        _ id: String, _ region: String, _ volume: String, _ group: String, _ address: String, _ snapshot: String
    ) throws {
        var wish = InstanceRequest(
            name: "n", hostname: "h", type: Self.types[pick(2)], region: region, image: "debian-12",
            sshKeys: [any(model.sshKeys.map(\.id))])
        if pick(3) == 0 { wish.volumes = [volume] }
        if pick(3) == 0 { wish.securityGroups = [group] }
        if pick(3) == 0 { wish.floatingIP = address }
        if pick(4) == 0 { wish.image = snapshot }
        wish.isProtected = pick(8) == 0
        wish.destroyOnShutdown = pick(4) == 0
        _ = try model.createInstance(wish, id: id, now: now, quirks: try faults.creation(wish))
    }

    private mutating func destroy(_ id: String) throws {
        if let refusals = model.instances[id]?.quirks?.destroyRefusals, refusals > 0 {
            _ = model.refuseDestroy(id)
            return
        }
        try model.deleteInstance(id, now: now)
    }

    /// What a backend reports, in any order.
    private mutating func work(_ instance: String, _ volume: String, _ snapshot: String) {
        for one in model.instances.map(\.id) where pick(3) > 0 {
            model.assign(instance: one, privateIP: "10.0.0.1", publicIP: "127.77.0.1", sshPort: 22)
            model.settle(instance: one, now: now)
        }
        model.settle(volume: volume, now: now)
        model.settle(snapshot: snapshot, now: now)
        switch pick(6) {
        case 0: model.fail(instance: instance, now: now)
        case 1: model.poweredOff(instance: instance, now: now)
        case 2: model.fail(snapshot: snapshot, now: now)
        case 3: model.fail(volume: volume, now: now)
        default: break
        }
    }

    mutating func brokenInvariants() -> [String] {
        var broken = problems
        problems = []
        func check(_ holds: Bool, _ what: @autoclosure () -> String) { if !holds { broken.append(what()) } }
        for volume in model.volumes {
            let users = model.instances.filter { $0.volumes.contains(volume.id) }
            check(users.count <= 1, "volume \(volume.id) is attached \(users.count) times")
            check(users.first?.id == volume.instance, "volume \(volume.id) and its instance disagree")
            check(users.first.map { $0.region == volume.region } ?? true, "volume \(volume.id) is in another region")
            check(users.isEmpty || volume.status == .created, "a volume that is \(volume.status) is attached")
        }
        for address in model.floatingIPs {
            let users = model.instances.filter { $0.floatingIP == address.id }
            check(users.count <= 1, "floating IP \(address.id) is attached \(users.count) times")
            check(users.first?.id == address.instance, "floating IP \(address.id) and its instance disagree")
        }
        check(
            Set(model.floatingIPs.map(\.address)).count == model.floatingIPs.count, "two floating IPs have one address")
        check(model.instances.count <= model.limits.instances, "more instances than the quota")
        check(
            CloudModel.internalGroups.allSatisfy { model.securityGroups[$0.id] != nil }, "an internal group is gone")
        for instance in model.instances { checkLife(of: instance, &broken) }
        seen = Dictionary(model.instances.map { ($0.id, $0) }) { first, _ in first }
        checkPages(&broken)
        return broken
    }

    private func checkLife(of instance: CloudInstance, _ broken: inout [String]) {
        let id = instance.id
        for group in instance.securityGroups where model.securityGroups[group.id] == nil {
            broken.append("instance \(id) has a group that is gone")
        }
        for volume in instance.volumes where model.volumes[volume] == nil {
            broken.append("instance \(id) has a volume that is gone")
        }
        if instance.isProtected, instance.status == .deleting { broken.append("a protected instance is going") }
        if instance.diskSize < 80 { broken.append("a disk of \(instance.diskSize) GiB") }
        if instance.status == .active, instance.publicIP == nil { broken.append("\(id) is active without an address") }
        guard let old = seen[id] else {
            if instance.status != .creating { broken.append("\(id) began as \(instance.status)") }
            return
        }
        if instance.diskSize < old.diskSize { broken.append("the disk of \(id) has shrunk") }
        if instance.hostname != old.hostname || instance.createdAt != old.createdAt {
            broken.append("\(id) is another")
        }
        if old.status == .deleting, ![.deleting, .error].contains(instance.status) {
            broken.append("\(id) came back from deleting to \(instance.status)")
        }
    }

    private func checkPages(_ broken: inout [String]) {
        guard let total = try? CloudPageRequest(page: "1", perPage: "7") else { return }
        var listed: [String] = []
        let count = model.instancePage(total, now: now).totalCount
        for page in 1...(count / 7 + 1) {
            guard let request = try? CloudPageRequest(page: "\(page)", perPage: "7") else { continue }
            listed += model.instancePage(request, now: now).items.map(\.instance.id)
        }
        if listed.count != count || Set(listed).count != count { broken.append("the pages do not make up the list") }
    }

    private mutating func any(_ ids: [String]) -> String { ids.isEmpty ? "none" : ids[pick(ids.count)] }

    private mutating func newID() -> String {
        fresh += 1
        return "id-\(fresh)"
    }

    private mutating func pick(_ count: Int) -> Int {
        random &+= 0x9e37_79b9_7f4a_7c15
        var z = random
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((z ^ (z >> 31)) % UInt64(count))
    }
}
