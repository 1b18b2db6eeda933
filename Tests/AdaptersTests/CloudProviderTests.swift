import Foundation
import GenesisCloud
import LocalCloud
import Logging
import MayflyCore
import MayflyTestKit
import Testing

@testable import Adapters

/// The two independent spellings of the wire against each other: the client's and the local cloud's.
@Suite(.serialized) struct CloudProviderTests {
    private struct Source: ClientSource {
        let client_: GenesisCloudClient

        func client() async throws -> GenesisCloudClient { client_ }
        func connectionFailed() async {}
    }

    private static let cloud = CloudReference(kind: .local, endpoint: "")

    private static func order(_ hostname: String) -> InstanceOrder {
        InstanceOrder(
            name: hostname + "-x1", hostname: hostname,
            machine: MachineRequest(
                type: "vcpu-2_memory-4g_disk-80g", image: "ubuntu-22.04", region: "NORD-NO-KRS-1"),
            sshKey: "", firstBoot: .startupScript("#cloud-config\n"))
    }

    /// Runs `body` with a simulated local cloud and a provider on it.
    private func withCloud(
        _ store: MemoryJobStore, _ body: (CloudProvider, GenesisCloudClient) async throws -> Void
    ) async throws {
        let home = NSTemporaryDirectory() + "mayfly-cloud-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: home) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let cloud = LocalCloud(
            configuration: LocalCloudConfiguration(home: home, backend: .simulated, build: "test"), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await cloud.run() }
            defer { group.cancelAll() }
            let deadline = ContinuousClock.now.advanced(by: .seconds(20))
            var found: LocalCloudEndpoint?
            while found == nil, ContinuousClock.now < deadline {
                found = LocalCloudEndpoint.read(home: home)
                try await Task.sleep(for: .milliseconds(5))
            }
            let endpoint = try #require(found)
            let client = GenesisCloudClient(
                endpoint: try GenesisCloudClient.Endpoint(parsing: endpoint.url), token: endpoint.token,
                logger: logger)
            let provider = CloudProvider(
                source: Source(client_: client), store: store, installation: Fixtures.installation, cloud: Self.cloud,
                listingLag: .zero, pollInterval: .milliseconds(5))
            try await body(provider, client)
        }
    }

    private func settled(_ provider: CloudProvider, _ id: InstanceID) async throws -> Absence {
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while ContinuousClock.now < deadline {
            if case .stillThere = try await provider.absence(of: id) {
                try await Task.sleep(for: .milliseconds(5))
            } else {
                break
            }
        }
        return try await provider.absence(of: id)
    }

    @Test func aWholeLifeIsSeenAndItsEndProved() async throws {
        try await withCloud(MemoryJobStore()) { provider, _ in
            var order = Self.order("mf-abcdefgh-life")
            order.sshKey = try await provider.ensureAnchor()
            #expect(try await provider.ensureAnchor() == order.sshKey)
            let made = try await provider.create(order)
            #expect(made.hostname == "mf-abcdefgh-life")
            #expect(try await provider.instance(made.id)?.id == made.id)
            #expect(try await provider.instances(hostnamePrefix: "mf-abcdefgh-").map(\.id) == [made.id])
            #expect(try await provider.instances(hostnamePrefix: "mf-other").isEmpty)
            try await provider.destroy(made.id)
            #expect(try await settled(provider, made.id) == .gone)
            // A second time is success too.
            try await provider.destroy(made.id)
        }
    }

    @Test func withoutTheAnchorAbsenceProvesNothing() async throws {
        try await withCloud(MemoryJobStore()) { provider, client in
            let anchor = try await provider.ensureAnchor()
            try await client.deleteSSHKey(SSHKey.ID(anchor))
            guard
                case .cannotTell = try await provider.absence(of: InstanceID(rawValue: UUID().uuidString.lowercased()))
            else {
                Issue.record("absence was concluded without its witness")
                return
            }
        }
    }

    /// A new anchor would turn a wiped cloud's emptiness into false proof.
    @Test func anAnchorThatIsCountedOnIsNotReplaced() async throws {
        let store = MemoryJobStore()
        try await withCloud(store) { provider, client in
            let anchor = try await provider.ensureAnchor()
            let id = try await store.submit([Fixtures.newJob(cloud: Self.cloud)])[0]
            let token = try await store.beginReign(owner: "test", at: Fixtures.now.wall)
            var state = Fixtures.attempt(of: id)
            state.phase = .booting(InstanceID(rawValue: "i"))
            state.objects = [
                CreatedObject(kind: .instance, name: "h", cloudID: "i", state: .existing, intendedAt: Fixtures.now.wall)
            ]
            try await store.save(state, of: id, token: token)
            try await client.deleteSSHKey(SSHKey.ID(anchor))
            _ = try await provider.seesAnchor()
            let refusal = await #expect(throws: ProviderError.self) { _ = try await provider.ensureAnchor() }
            #expect(refusal?.reason.code == "anchor-missing")
        }
        // In a cloud nobody counts on, a lost anchor is simply registered again.
        try await withCloud(MemoryJobStore()) { provider, client in
            let anchor = try await provider.ensureAnchor()
            try await client.deleteSSHKey(SSHKey.ID(anchor))
            #expect(try await !provider.seesAnchor())
            #expect(try await provider.ensureAnchor() != anchor)
        }
    }

    @Test func errorsBecomeTheTermsOfDecisions() async throws {
        try await withCloud(MemoryJobStore()) { provider, _ in
            var order = Self.order("mf-abcdefgh-bad")
            order.sshKey = try await provider.ensureAnchor()
            order.machine.type = "vcpu-0_nonsense"
            let bad = order
            let refusal = await #expect(throws: ProviderError.self) { _ = try await provider.create(bad) }
            #expect(refusal?.kind == .refused)
        }
        func kind(_ code: GenesisCloudError.Code, _ mayHave: Bool = false) -> ProviderError.Kind {
            ProviderError(GenesisCloudError(code: code, message: "m", requestMayHaveTakenEffect: mayHave)).kind
        }
        #expect(kind(.connection) == .unreachable)
        #expect(kind(.connection, true) == .outcomeUnknown)
        #expect(kind(.server, true) == .outcomeUnknown)
        #expect(kind(.unauthorized) == .unauthorized)
        #expect(kind(.capacity) == .capacity)
        #expect(kind(.account) == .account)
        #expect(kind(.conflict) == .refused)
    }
}
