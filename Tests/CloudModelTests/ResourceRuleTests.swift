import CloudModel
import Testing

/// Volumes, security groups, floating IPs and snapshots: what may be done with them, and when not.
@Suite struct ResourceRuleTests {
    private static let region = "NORD-NO-KRS-1"

    private func model(_ delays: CloudModel.Delays = .init()) throws -> CloudModel {
        var model = CloudModel(delays: delays)
        _ = try model.createSSHKey(
            name: "k", value: "v", facts: .init(type: "ed25519", size: 256, fingerprint: "00"), id: "k1", now: 0)
        return model
    }

    private func wish(_ change: (inout InstanceRequest) -> Void = { _ in }) -> InstanceRequest {
        var wish = InstanceRequest(
            name: "n", hostname: "h", type: "vcpu-2_memory-4g_disk-80g", region: Self.region, image: "debian-12",
            sshKeys: ["k1"])
        change(&wish)
        return wish
    }

    private func addVolume(_ model: inout CloudModel, _ id: String, region: String = Self.region) throws {
        _ = try model.createVolume(.init(name: id, size: 10, region: region), id: id, now: 0)
        model.settle(volume: id, now: 0)
    }

    private func status(_ body: () throws -> Void) -> Int? {
        do {
            try body()
            return nil
        } catch {
            return (error as? CloudRefusal)?.status
        }
    }

    @Test func volumesMustBeFreeCreatedAndInTheRegion() throws {
        var model = try model()
        _ = try model.createVolume(.init(name: "v", size: 10, region: Self.region), id: "v1", now: 0)
        #expect(status { _ = try model.createInstance(wish { $0.volumes = ["v1"] }, id: "i1", now: 0) } == 409)
        model.settle(volume: "v1", now: 0)
        try addVolume(&model, "far", region: "ARC-IS-HAF-1")
        #expect(status { _ = try model.createInstance(wish { $0.volumes = ["far"] }, id: "i1", now: 0) } == 400)
        #expect(status { _ = try model.createInstance(wish { $0.volumes = ["none"] }, id: "i1", now: 0) } == 400)
        _ = try model.createInstance(wish { $0.volumes = ["v1"] }, id: "i1", now: 0)
        #expect(status { _ = try model.createInstance(wish { $0.volumes = ["v1"] }, id: "i2", now: 0) } == 409)
        #expect(status { try model.deleteVolume("v1", now: 0) } == 409)

        // Kept when the instance goes (the boot disk is not).
        try model.deleteInstance("i1", now: 1)
        #expect(try model.volume("v1").instance == "i1")  // still: it may be written until the end
        model.settle(instance: "i1", now: 1)
        #expect(try model.volume("v1").instance == nil)
        #expect(try model.volume("v1").status == .created)
        try model.deleteVolume("v1", now: 2)
        model.settle(volume: "v1", now: 2)
        #expect(status { _ = try model.volume("v1") } == 404)
    }

    @Test func listsAreReplacedOrChangedByOne() throws {
        var model = try model()
        for id in ["a", "b", "c"] { try addVolume(&model, id) }
        _ = try model.createInstance(wish { $0.volumes = ["a"] }, id: "i1", now: 0)
        func volumes(_ patch: IDListPatch) throws -> [String] {
            try model.patchInstance("i1", InstancePatch(volumes: patch), now: 1).volumes
        }
        #expect(try volumes(.attach("b")) == ["a", "b"])
        #expect(try volumes(.attach("b")) == ["a", "b"])
        #expect(try volumes(.detach("a")) == ["b"])
        #expect(try volumes(.detach("a")) == ["b"])
        #expect(try volumes(.replace(["c", "a", "c"])) == ["c", "a"])
        #expect(try model.volume("b").instance == nil)
        #expect(try model.volume("c").instance == "i1")
        #expect(try model.patchInstance("i1", InstancePatch(name: "x"), now: 2).volumes == ["c", "a"])
        #expect(try volumes(.replace([])) == [])
    }

    @Test func securityGroupsDefaultToStandardAndEmptyMeansNone() throws {
        var model = try model()
        _ = try model.createInstance(wish(), id: "i1", now: 0)
        #expect(model.view(try model.instance("i1"), now: 0).securityGroups.map(\.name) == ["standard"])
        _ = try model.createInstance(wish { $0.securityGroups = [] }, id: "i2", now: 0)
        #expect(try model.instance("i2").securityGroups.isEmpty)

        let rule = SecurityGroupRequest.Rule(
            networkProtocol: "tcp", direction: "ingress", portRangeMin: 80, portRangeMax: 90)
        let request = SecurityGroupRequest(name: "web", region: Self.region, rules: [rule])
        let group = try model.createSecurityGroup(request, id: "g1", now: 0)
        #expect(group.status == .creating)
        model.advance(to: 0)
        #expect(try model.securityGroup("g1").status == .created)
        _ = try model.patchInstance("i2", InstancePatch(securityGroups: .attach("g1")), now: 1)
        _ = try model.patchSecurityGroup("g1", .init(name: "renamed"), now: 2)
        #expect(model.view(try model.instance("i2"), now: 2).securityGroups.map(\.name) == ["renamed"])
        #expect(status { try model.deleteSecurityGroup("g1", now: 3) } == 409)
        _ = try model.patchInstance("i2", InstancePatch(securityGroups: .replace([])), now: 4)
        try model.deleteSecurityGroup("g1", now: 5)
        model.advance(to: 5)
        #expect(status { _ = try model.securityGroup("g1") } == 404)
        #expect(status { try model.deleteSecurityGroup(CloudModel.internalGroups[0].id, now: 6) } == 409)
    }

    @Test func badRulesAndReservedNamesAreRefused() throws {
        var model = try model()
        let good = SecurityGroupRequest.Rule(networkProtocol: "icmp", direction: "ingress")
        let bad: [SecurityGroupRequest] = [
            .init(name: "standard", region: Self.region, rules: [good]),
            .init(name: "default", region: Self.region, rules: [good]),
            .init(name: "g", region: Self.region, rules: []), .init(name: "g", region: Self.region),
            .init(name: "g", region: Self.region, rules: [.init(networkProtocol: "sctp", direction: "ingress")]),
            .init(name: "g", region: Self.region, rules: [.init(networkProtocol: "tcp", direction: "in")]),
            .init(
                name: "g", region: Self.region,
                rules: [.init(networkProtocol: "tcp", direction: "egress", portRangeMin: 9, portRangeMax: 8)]),
            .init(
                name: "g", region: Self.region,
                rules: [.init(networkProtocol: "tcp", direction: "egress", portRangeMin: 0, portRangeMax: 8)]),
            .init(
                name: "g", region: Self.region,
                rules: [.init(networkProtocol: "tcp", direction: "egress", portRangeMin: 9)]),
        ]
        for request in bad {
            #expect(status { _ = try model.createSecurityGroup(request, id: "g1", now: 0) } == 400, "\(request)")
        }
    }

    @Test func aFloatingIPBelongsToOneInstanceAndStaysOverStopAndStart() throws {
        var model = try model()
        let address = try model.createFloatingIP(.init(name: "f", region: Self.region), id: "f1", now: 0)
        model.advance(to: 0)
        _ = try model.createInstance(wish { $0.floatingIP = "f1" }, id: "i1", now: 0)
        #expect(status { _ = try model.createInstance(wish { $0.floatingIP = "f1" }, id: "i2", now: 0) } == 409)
        #expect(status { try model.deleteFloatingIP("f1", now: 0) } == 409)
        _ = try model.createInstance(wish(), id: "i2", now: 0)
        for (id, host) in [("i1", address.address), ("i2", "127.77.0.1")] {
            model.assign(instance: id, privateIP: host, publicIP: host, sshPort: 22)
            model.settle(instance: id, now: 0)
            try model.perform("stop", on: id, now: 1)
            model.settle(instance: id, now: 1)
            try model.perform("start", on: id, now: 2)
        }
        #expect(try model.instance("i1").publicIP == address.address)
        #expect(try model.instance("i2").publicIP == nil)
        try model.deleteInstance("i1", now: 3)
        model.settle(instance: "i1", now: 3)
        #expect(try model.floatingIP("f1").instance == nil)
        try model.deleteFloatingIP("f1", now: 4)
        model.advance(to: 4)
        #expect(status { _ = try model.floatingIP("f1") } == 404)
    }

    @Test func snapshotsAreClonedReplicatedAndNeverImported() throws {
        var model = try model(.init(snapshot: 10))
        _ = try model.createInstance(wish { $0.diskSize = 128 }, id: "i1", now: 0)
        model.settle(instance: "i1", now: 0)
        let made = try model.createSnapshot(
            of: "i1", name: "s", id: "s1", replica: ("EUC-DE-MUC-1", "s2"), now: 0)
        #expect((made.size, made.status) == (128, .creating))
        #expect(status { _ = try model.cloneSnapshot("s1", name: "c", region: Self.region, as: "s3", now: 0) } == 409)
        for id in ["s1", "s2"] { model.settle(snapshot: id, now: 5) }
        #expect(try model.snapshot("s1").status == .creating)
        model.advance(to: 10)
        #expect(try model.snapshot("s2").status == .created)
        #expect(try model.snapshot("s2").region == "EUC-DE-MUC-1")
        let clone = try model.cloneSnapshot("s2", name: "c", region: Self.region, as: "s3", now: 20)
        #expect(clone.sourceSnapshot == "s2")
        #expect(status { try model.deleteSnapshot("s2", now: 20) } == 409)
        model.settle(snapshot: "s3", now: 30)
        // The disk cannot be smaller than what was snapshotted, and the region must be right.
        #expect(status { _ = try model.createInstance(wish { $0.image = "s2" }, id: "i2", now: 31) } == 400)
        let small = wish {
            $0.image = "s3"
            $0.diskSize = 100
        }
        #expect(status { _ = try model.createInstance(small, id: "i2", now: 31) } == 400)
        #expect(try model.createInstance(wish { $0.image = "s3" }, id: "i2", now: 31).diskSize == 128)
        #expect(
            status {
                try model.importSnapshot(
                    name: "s", size: 10, url: "https://x", region: Self.region, osType: nil)
            } == 409)
    }

    @Test func sizesOnlyGrowAndQuotasHold() throws {
        var model = try model()
        model.limits.volumeSize = 30
        model.limits.instances = 1
        try addVolume(&model, "v1")
        #expect(status { _ = try model.patchVolume("v1", .init(size: 9), now: 0) } == 400)
        #expect(try model.patchVolume("v1", .init(size: 20), now: 0).size == 20)
        #expect(status { _ = try model.patchVolume("v1", .init(size: 31), now: 0) } == 403)
        #expect(
            status { _ = try model.createVolume(.init(name: "w", size: 11, region: Self.region), id: "v2", now: 0) }
                == 403)
        _ = try model.createInstance(wish(), id: "i1", now: 0)
        #expect(status { _ = try model.createInstance(wish(), id: "i2", now: 0) } == 403)
        #expect(model.quotas.first { $0.key == "instances" }?.flavors.map(\.used) == [1])
        #expect(status { _ = try model.patchInstance("i1", InstancePatch(diskSize: 79), now: 0) } == 400)
        #expect(try model.patchInstance("i1", InstancePatch(diskSize: 90), now: 0).diskSize == 90)
        #expect(status { _ = try model.patchInstance("i1", InstancePatch(diskSize: 89), now: 0) } == 400)
    }
}
