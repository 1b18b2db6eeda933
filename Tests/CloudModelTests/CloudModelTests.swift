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
            { $0.region = "MOON" }, { $0.billingType = "later" }, { $0.image = "ubuntu:99.99" },
            { $0.sshKeys = ["k9"] },
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
        #expect(try CloudPageRequest(page: nil, perPage: nil).cut(all).items == Array(1...50))
        let last = try CloudPageRequest(page: "2", perPage: "100").cut(all)
        #expect(last.items == Array(101...120))
        #expect(last.totalCount == 120)
        #expect(try CloudPageRequest(page: "9", perPage: "100").cut(all).items.isEmpty)
        for (page, size) in [
            ("0", "10"), ("x", "10"), ("", "10"), ("+1", "10"), ("1.0", "10"), ("-1", "10"), ("1", "101"), ("1", "0"),
            ("99999999999999999999", "10"),
        ] {
            #expect(throws: CloudRefusal.self) { try CloudPageRequest(page: page, perPage: size) }
        }
    }

    @Test func aCreateWithoutARegionGoesToTheDefaultOne() throws {
        var model = try modelWithKey()
        var wish = request()
        wish.region = nil
        #expect(try model.createInstance(wish, id: "i1", now: 0).region == CloudCatalogue.defaultRegion)
    }

    @Test func unknownWordsAreAnsweredWithNearOnes() throws {
        var model = try modelWithKey()
        func message(_ change: (inout InstanceRequest) -> Void) -> String {
            var wish = request()
            change(&wish)
            do throws(CloudRefusal) {
                _ = try model.createInstance(wish, id: "i1", now: 0)
                return "accepted"
            } catch {
                return error.message
            }
        }
        #expect(message { $0.type = "vcpu-4_memory-12g_disk-80g_nvidia3080-9" }.contains("nvidia3080-1"))
        #expect(message { $0.region = "ARC-IS-HAF-2" }.hasSuffix("did you mean ARC-IS-HAF-1?"))
        #expect(message { $0.image = "ubuntu:22.4" }.contains("ubuntu:22.04"))
        #expect(message { $0.region = "xxxxxxxxxxxxxxxxxxxx" } == "region xxxxxxxxxxxxxxxxxxxx is not a known region")
    }

    @Test func typesAndImagesInBothSpellings() throws {
        #expect(CloudCatalogue.knowsType("vcpu-4_memory-24g_disk-80g_nvidia3090-1"))
        #expect(CloudCatalogue.knowsType("vcpu-4_memory-24g_nvidia-rtx-3090-1"))
        #expect(CloudCatalogue.knowsType("vcpu-2_memory-4g"))
        #expect(!CloudCatalogue.knowsType("vcpu-4_memory-24g_nvidia-rtx-3090-9"))
        #expect(CloudCatalogue.types.count == 1 + 8 + 8 + 4 + 8 + 4 + 8 + 7)
        let h100 = try #require(CloudCatalogue.type("vcpu-192_memory-1920g_nvidia-h100-sxm5-8"))
        #expect(h100.productName == "Accelerator Instance 8x NVIDIA® H100 SXM5 80 GB")
        #expect((h100.vcpus, h100.memory, h100.disk, h100.nvme, h100.accelerators) == (192, 1920, 80, 28_600, 8))
        let gaudi = try #require(CloudCatalogue.type("vcpu-112_memory-840g_intel-gaudi2-7"))
        #expect((gaudi.vcpus, gaudi.memory, gaudi.nvme, gaudi.accelerators) == (112, 840, 3115, 7))
        let optimized = try #require(CloudCatalogue.type("vcpu-8_memory-48g_disk-80g_nvidia3090-1"))
        #expect((optimized.vcpus, optimized.memory, optimized.accelerators) == (8, 48, 1))
        #expect(CloudCatalogue.image("ubuntu:22.04")?.name == "Ubuntu 22.04")
        #expect(CloudCatalogue.image("ubuntu-22.04")?.name == "Ubuntu 22.04")
    }
}
