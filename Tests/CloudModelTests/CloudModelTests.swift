import CloudModel
import Testing

@Suite struct CloudModelTests {
    private static let key = CloudSSHKey.KeyFacts(type: "ed25519", size: 256, fingerprint: "00:11")

    private func modelWithKey(_ delays: CloudModel.Delays = .init()) throws -> CloudModel {
        var model = CloudModel(delays: delays)
        _ = try model.createSSHKey(name: "anchor", value: "ssh-ed25519 AAAA", facts: Self.key, id: "k1", now: 0)
        return model
    }

    private func request(image: String = "ubuntu-22.04") -> InstanceRequest {
        InstanceRequest(
            name: "n", hostname: "h-1", type: "vcpu-2_memory-4g_disk-80g", region: "ARC-IS-HAF-1", image: image,
            sshKeys: ["k1"])
    }

    @Test func createBecomesActiveWhenTheDelayIsOverAndTheMachineIsUp() throws {
        var model = try modelWithKey(.init(create: 100))
        let made = try model.createInstance(request(), id: "i1", now: 1000)
        #expect(made.status == .creating)
        #expect(made.publicIP == nil)
        #expect(made.securityGroups.map(\.name) == ["standard"])
        model.advance(to: 5000)
        #expect(try model.instance("i1").status == .creating)  // not up yet
        model.settle(instance: "i1", now: 1050)
        #expect(try model.instance("i1").status == .creating)  // too early
        #expect(model.nextDue == 1100)
        model.advance(to: 1100)
        #expect(try model.instance("i1").status == .active)
        #expect(try model.instance("i1").allowedActions == [.reset, .stop])
    }

    @Test func deletionEndsInNotFound() throws {
        var model = try modelWithKey(.init(delete: 10))
        _ = try model.createInstance(request(), id: "i1", now: 0)
        try model.deleteInstance("i1", now: 5)
        try model.deleteInstance("i1", now: 6)  // again is fine
        #expect(try model.instance("i1").status == .deleting)
        model.settle(instance: "i1", now: 15)
        #expect(throws: CloudRefusal.notFound("Instance", "i1")) { try model.instance("i1") }
        #expect(throws: CloudRefusal.self) { try model.deleteInstance("i1", now: 16) }
    }

    @Test func protectionRefusesDeletion() throws {
        var model = try modelWithKey()
        var wish = request()
        wish.isProtected = true
        _ = try model.createInstance(wish, id: "i1", now: 0)
        #expect { try model.deleteInstance("i1", now: 1) } throws: { ($0 as? CloudRefusal)?.status == 409 }
        _ = try model.patchInstance("i1", InstancePatch(name: "new", isProtected: false), now: 2)
        #expect(try model.instance("i1").hostname == "h-1")
        try model.deleteInstance("i1", now: 3)
    }

    @Test func badRequestsAreRefused() throws {
        let changes: [(inout InstanceRequest) -> Void] = [
            { $0.name = nil }, { $0.hostname = "bad_host" }, { $0.hostname = "-x" }, { $0.type = "vcpu-3_memory-4g" },
            { $0.region = "MOON" }, { $0.region = nil }, { $0.image = "ubuntu:99.99" }, { $0.sshKeys = ["k9"] },
            { $0.diskSize = 79 },
        ]
        for change in changes {
            var model = try modelWithKey()
            var wish = request()
            change(&wish)
            #expect { try model.createInstance(wish, id: "i1", now: 0) } throws: {
                ($0 as? CloudRefusal)?.status == 400
            }
            #expect(model.instances.isEmpty, "\(wish)")
        }
    }

    @Test func metadataLimitCountsBytes() throws {
        var model = try modelWithKey()
        var wish = request()
        wish.metadata = .init(startupScript: String(repeating: "é", count: 32 * 1024))
        _ = try model.createInstance(wish, id: "i1", now: 0)
        wish.metadata = .init(startupScript: String(repeating: "é", count: 32 * 1024) + "x")
        #expect(throws: CloudRefusal.self) { try model.createInstance(wish, id: "i2", now: 0) }
    }

    @Test func keysAndPasswordExcludeEachOther() throws {
        var model = try modelWithKey()
        var wish = request()
        wish.password = "Long-enough-Passw0rd"
        #expect(throws: CloudRefusal.self) { try model.createInstance(wish, id: "i1", now: 0) }
        wish.sshKeys = nil
        _ = try model.createInstance(wish, id: "i1", now: 0)
        wish.password = "short"
        #expect(throws: CloudRefusal.self) { try model.createInstance(wish, id: "i2", now: 0) }
        wish.password = nil
        #expect(throws: CloudRefusal.self) { try model.createInstance(wish, id: "i2", now: 0) }
    }

    @Test func actionsFollowTheStatus() throws {
        var model = try modelWithKey()
        _ = try model.createInstance(request(), id: "i1", now: 0)
        #expect { try model.perform("stop", on: "i1", now: 0) } throws: { ($0 as? CloudRefusal)?.status == 409 }
        model.settle(instance: "i1", now: 0)
        try model.perform("stop", on: "i1", now: 1)
        #expect(try model.instance("i1").status == .stopping)
        model.settle(instance: "i1", now: 2)
        #expect(try model.instance("i1").allowedActions == [.start])
        #expect { try model.perform("explode", on: "i1", now: 3) } throws: { ($0 as? CloudRefusal)?.status == 400 }
    }

    @Test func poweringOffStopsOrDestroys() throws {
        var model = try modelWithKey()
        var wish = request()
        _ = try model.createInstance(wish, id: "i1", now: 0)
        wish.destroyOnShutdown = true
        _ = try model.createInstance(wish, id: "i2", now: 0)
        for id in ["i1", "i2"] {
            model.settle(instance: id, now: 0)
            model.poweredOff(instance: id, now: 1)
        }
        #expect(try model.instance("i1").status == .stopped)
        #expect(try model.instance("i2").status == .deleting)
    }

    @Test func snapshotIsAnImageOnceCreated() throws {
        var model = try modelWithKey()
        _ = try model.createInstance(request(), id: "i1", now: 0)
        #expect(throws: CloudRefusal.self) { try model.createSnapshot(of: "i1", name: "s", id: "s1", now: 0) }
        model.settle(instance: "i1", now: 0)
        _ = try model.createSnapshot(of: "i1", name: "s", id: "s1", now: 0)
        #expect(throws: CloudRefusal.self) { try model.createInstance(request(image: "s1"), id: "i2", now: 0) }
        model.settle(snapshot: "s1", now: 1)
        #expect(try model.snapshot("s1").status == .created)
        #expect(try model.createInstance(request(image: "s1"), id: "i2", now: 2).sourceSnapshot == "s1")
        #expect(throws: CloudRefusal.self) { try model.deleteSnapshot("s1", now: 3) }  // in use
    }

    @Test func pagesAreCutAsDocumented() throws {
        let all = Array(1...120)
        #expect(try CloudModel.page(of: all, page: nil, perPage: nil).items == Array(1...50))
        let last = try CloudModel.page(of: all, page: "2", perPage: "100")
        #expect(last.items == Array(101...120))
        #expect(last.totalCount == 120)
        #expect(try CloudModel.page(of: all, page: "9", perPage: "100").items.isEmpty)
        for (page, size) in [("0", "10"), ("x", "10"), ("1", "101"), ("1", "0")] {
            #expect(throws: CloudRefusal.self) { try CloudModel.page(of: all, page: page, perPage: size) }
        }
    }

    @Test func typesAndImagesInBothSpellings() {
        #expect(CloudCatalogue.knowsType("vcpu-4_memory-24g_disk-80g_nvidia3090-1"))
        #expect(CloudCatalogue.knowsType("vcpu-4_memory-24g_nvidia-rtx-3090-1"))
        #expect(CloudCatalogue.knowsType("vcpu-2_memory-4g"))
        #expect(!CloudCatalogue.knowsType("vcpu-4_memory-24g_nvidia-rtx-3090-9"))
        #expect(CloudCatalogue.types.count == 1 + 8 + 8 + 4 + 8 + 4 + 8 + 7)
        #expect(CloudCatalogue.image("ubuntu:22.04")?.name == "Ubuntu 22.04")
        #expect(CloudCatalogue.image("ubuntu-22.04")?.name == "Ubuntu 22.04")
    }
}
