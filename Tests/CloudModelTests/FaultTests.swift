import CloudModel
import Testing

@Suite struct FaultTests {
    private func model() throws -> CloudModel {
        var model = CloudModel(delays: .init(create: 100))
        _ = try model.createSSHKey(
            name: "k", value: "v", facts: .init(type: "ed25519", size: 256, fingerprint: "00"), id: "k1", now: 0)
        return model
    }

    private static func wish(_ name: String = "n") -> InstanceRequest {
        InstanceRequest(
            name: name, hostname: "h", type: "vcpu-2_memory-4g_disk-80g", region: "ARC-IS-HAF-1", image: "debian-12",
            sshKeys: ["k1"])
    }

    /// One instance that meets these faults, booted at time 0.
    private func booted(_ faults: [FaultRule.Fault]) throws -> CloudModel {
        var model = try model()
        var engine = FaultEngine(FaultScript(rules: faults.map { FaultRule($0) }))
        let quirks = try engine.creation(Self.wish())
        _ = try model.createInstance(Self.wish(), id: "i1", now: 0, quirks: quirks)
        model.assign(instance: "i1", privateIP: "10.0.0.1", publicIP: "127.77.0.1", sshPort: 22)
        model.settle(instance: "i1", now: 0)
        return model
    }

    private func status(_ model: inout CloudModel, at now: Int64) -> String? {
        model.advance(to: now)
        return try? model.instanceView("i1", now: now).status
    }

    @Test func activeComesLateOrNever() throws {
        var slow = try booted([.slowActive(.init(5000))])
        #expect(status(&slow, at: 5099) == "creating")
        #expect(status(&slow, at: 5100) == "active")
        var never = try booted([.neverActive])
        #expect(never.nextDue == nil)
        #expect(status(&never, at: 1 << 40) == "creating")
        try never.deleteInstance("i1", now: 1 << 41)
        never.settle(instance: "i1", now: 1 << 41)
        #expect(status(&never, at: 1 << 41) == nil)
    }

    @Test func activeWithoutAnAddress() throws {
        var late = try booted([.noAddress(.init(50))])
        #expect(status(&late, at: 100) == "active")
        #expect(try late.instanceView("i1", now: 149).publicIP == nil)
        #expect(try late.instanceView("i1", now: 150).publicIP == "127.77.0.1")
        let never = try booted([.noAddress(nil)])
        #expect(try never.instanceView("i1", now: 1 << 40).publicIP == nil)
    }

    @Test func errorAtAnyPoint() throws {
        var creating = try booted([.error(.creating, .init(30))])
        #expect(status(&creating, at: 29) == "creating")
        #expect(status(&creating, at: 30) == "error")
        var active = try booted([.error(.active, .init(1000))])
        #expect(status(&active, at: 1099) == "active")
        #expect(status(&active, at: 1100) == "error")
        var deleting = try booted([.error(.deleting, .init(0))])
        try deleting.deleteInstance("i1", now: 200)
        #expect(status(&deleting, at: 200) == "error")
    }

    @Test func strangeWordsForAStatus() throws {
        var model = try booted([
            .unknownStatus(.creating, word: "enqueued", .init(20)), .unknownStatus(.active, word: "copying", nil),
        ])
        #expect(status(&model, at: 19) == "enqueued")
        #expect(status(&model, at: 20) == "creating")
        #expect(status(&model, at: 5000) == "copying")
    }

    @Test func listingsLagBehind() throws {
        var model = try booted([.listLag(appears: .init(10), lingers: .init(20))])
        let page = try CloudPageRequest(page: nil, perPage: nil)
        #expect(try model.instance("i1").id == "i1")
        #expect(model.instancePage(page, now: 9).items.isEmpty)
        #expect(model.instancePage(page, now: 10).items.count == 1)
        try model.deleteInstance("i1", now: 50)
        model.settle(instance: "i1", now: 50)
        #expect(throws: CloudRefusal.self) { try model.instance("i1") }
        #expect(model.instancePage(page, now: 69).items.map(\.status) == ["deleting"])
        model.advance(to: 70)
        #expect(model.instancePage(page, now: 70).totalCount == 0)
    }

    @Test func destroyIsRefusedSoOften() throws {
        var model = try booted([.destroyRefused(2)])
        for _ in 0..<2 {
            #expect { try model.deleteInstance("i1", now: 1) } throws: { ($0 as? CloudRefusal)?.status == 409 }
            let wasRefused = model.refuseDestroy("i1")
            #expect(wasRefused)
        }
        let isRefused = model.refuseDestroy("i1")
        #expect(!isRefused)
        try model.deleteInstance("i1", now: 1)
    }

    @Test func capacityAndQuotaRunOut() throws {
        var engine = FaultEngine(
            FaultScript(rules: [
                FaultRule(.noCapacity, type: "*gaudi2*"), FaultRule(.quotaExhausted, name: "mf-*", after: 1, times: 1),
            ]))
        var gaudi = Self.wish()
        gaudi.type = "vcpu-16_memory-120g_intel-gaudi2-1"
        #expect { try engine.creation(gaudi) } throws: { ($0 as? CloudRefusal)?.status == 409 }
        #expect(!engine.hasCapacity(for: "vcpu-16_memory-120g_intel-gaudi2-1"))
        #expect(engine.hasCapacity(for: "vcpu-2_memory-4g_disk-80g"))
        _ = try engine.creation(Self.wish("mf-1"))
        #expect { try engine.creation(Self.wish("mf-2")) } throws: { ($0 as? CloudRefusal)?.status == 403 }
        _ = try engine.creation(Self.wish("mf-3"))
        _ = try engine.creation(Self.wish("other"))
    }

    @Test func requestsMeetTheirFaultsInOrderAndBySeed() throws {
        let script = FaultScript(
            seed: 7,
            rules: [
                FaultRule(.tooManyRequests(retryAfter: 3), method: "GET", path: "/instances/*", times: 1),
                FaultRule(.serverError(status: 502, moment: .after, html: true), method: "POST"),
                FaultRule(.dropped(.before), path: "/volumes/**"), FaultRule(.latency(.init(1, 9)), probability: 0.5),
            ])
        var engine = FaultEngine(script)
        let first = engine.fate(method: "GET", path: "/instances/x")
        #expect(first.before == .answer(status: 429, retryAfter: 3, html: false))
        #expect(engine.fate(method: "GET", path: "/instances/x").before == nil)
        #expect(engine.fate(method: "GET", path: "/instances/x/actions").before == nil)
        #expect(
            engine.fate(method: "POST", path: "/ssh-keys").after
                == .answer(status: 502, retryAfter: nil, html: true))
        #expect(engine.fate(method: "DELETE", path: "/volumes/v").before == .dropped)

        func latencies(_ seed: UInt64) -> [Int64] {
            var engine = FaultEngine(FaultScript(seed: seed, rules: script.rules))
            return (0..<200).map { _ in engine.fate(method: "GET", path: "/images").latency }
        }
        #expect(latencies(7) == latencies(7))
        #expect(latencies(7) != latencies(8))
        let struck = latencies(7).filter { $0 > 0 }
        #expect((70...130).contains(struck.count) && struck.allSatisfy { (1...9).contains($0) })
    }
}
