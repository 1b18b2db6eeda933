import Foundation
import GenesisCloud
import LocalCloud
import Logging
import MayflyCore
import MayflyTestKit
import Synchronization
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
        _ store: MemoryJobStore, observer: (any RequestObserver)? = nil,
        _ body: (CloudProvider, GenesisCloudClient) async throws -> Void
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
            var configuration = GenesisCloudClient.Configuration()
            configuration.observer = observer
            let client = GenesisCloudClient(
                endpoint: try GenesisCloudClient.Endpoint(parsing: endpoint.url), token: endpoint.token,
                configuration: configuration, logger: logger)
            let provider = CloudProvider(
                source: Source(client_: client), store: store, installation: Fixtures.installation, cloud: Self.cloud,
                listingLag: .zero, pollInterval: .milliseconds(5))
            try await body(provider, client)
        }
    }

    private func settled(_ provider: CloudProvider, _ id: InstanceID) async throws -> Absence {
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while ContinuousClock.now < deadline {
            if case .stillThere = try await provider.absence(of: id, anchor: nil) {
                try await Task.sleep(for: .milliseconds(5))
            } else {
                break
            }
        }
        return try await provider.absence(of: id, anchor: nil)
    }

    @Test func theFirstJobsOfAHomeRegisterOneAnchorTogether() async throws {
        try await withCloud(MemoryJobStore()) { provider, client in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await provider.ensureAnchor() } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            #expect(try await client.listSSHKeys().count == 1)
        }
    }

    @Test func aWholeLifeIsSeenAndItsEndProved() async throws {
        try await withCloud(MemoryJobStore()) { provider, _ in
            var order = Self.order("mf-abcdefgh-life")
            order.sshKey = try await provider.ensureAnchor()
            #expect(try await provider.ensureAnchor() == order.sshKey)
            let made = try await provider.create(order)
            #expect(made.hostname == "mf-abcdefgh-life")
            let date = try #require(made.answeredAt, "the answer's Date")
            #expect(date.rawValue % 1000 == 0 && date.rawValue > 1_577_836_800_000)
            #expect(try await provider.instance(made.id)?.id == made.id)
            #expect(try await provider.instances(hostnamePrefix: "mf-abcdefgh-").map(\.id) == [made.id])
            #expect(try await provider.instances(hostnamePrefix: "mf-other").isEmpty)
            #expect(try await provider.instances(hostnamePrefix: "mf-abcdefgh-")[0].answeredAt ?? date >= date)
            let accepted = try await provider.destroy(made.id)
            #expect(accepted.existed)
            #expect(try #require(accepted.answeredAt) >= date)
            #expect(try await settled(provider, made.id) == .gone)
            // A second time is success too, and says that there was nothing.
            #expect(try await !provider.destroy(made.id).existed)
        }
    }

    private final class Count: RequestObserver {
        private let reads = Mutex(0)
        var value: Int { reads.withLock { $0 } }
        func requestEnded(_ record: RequestRecord) {
            if record.operation.effect == .read { reads.withLock { $0 += 1 } }
        }
    }

    /// Each attempt asks for its own instance, and all together they cost a listing.
    @Test func manyWhoWaitShareRequests() async throws {
        let count = Count()
        try await withCloud(MemoryJobStore(), observer: count) { provider, _ in
            let anchor = try await provider.ensureAnchor()
            var ids: [InstanceID] = []
            for number in 0..<60 {
                var order = Self.order("mf-abcdefgh-many-\(number)")
                order.sshKey = anchor
                ids.append(try await provider.create(order).id)
            }
            let before = count.value
            let seen = try await withThrowingTaskGroup(of: InstanceID?.self) { group in
                for id in ids { group.addTask { try await provider.instance(id)?.id } }
                var seen: Set<InstanceID> = []
                for try await id in group { if let id { seen.insert(id) } }
                return seen
            }
            #expect(seen == Set(ids))
            #expect(count.value - before < 30, "\(count.value - before) requests for 60 instances")
        }
    }

    @Test func withoutTheAnchorAbsenceProvesNothing() async throws {
        try await withCloud(MemoryJobStore()) { provider, client in
            let anchor = try await provider.ensureAnchor()
            try await client.deleteSSHKey(SSHKey.ID(anchor))
            guard
                case .cannotTell = try await provider.absence(
                    of: InstanceID(rawValue: UUID().uuidString.lowercased()), anchor: nil)
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
            _ = try await provider.sees(anchor: nil)
            let refusal = await #expect(throws: ProviderError.self) { _ = try await provider.ensureAnchor() }
            #expect(refusal?.reason.code == "anchor-missing")
        }
        // In a cloud nobody counts on, a lost anchor is simply registered again.
        try await withCloud(MemoryJobStore()) { provider, client in
            let anchor = try await provider.ensureAnchor()
            try await client.deleteSSHKey(SSHKey.ID(anchor))
            #expect(try await !provider.sees(anchor: nil))
            #expect(try await provider.ensureAnchor() != anchor)
        }
    }

    /// A create under way counts on its key as an instance does, but only until it is settled.
    @Test func anAnchorThatACreateWasSentWithIsNotReplaced() async throws {
        let store = MemoryJobStore()
        try await withCloud(store) { provider, client in
            let anchor = try await provider.ensureAnchor()
            #expect(await provider.knownAnchor() == anchor)
            let id = try await store.submit([Fixtures.newJob(cloud: Self.cloud)])[0]
            let token = try await store.beginReign(owner: "test", at: Fixtures.now.wall)
            var state = Fixtures.attempt(of: id)
            state.phase = .creating
            state.anchor = anchor
            state.objects = [CreatedObject(kind: .instance, name: "h", intendedAt: Fixtures.now.wall)]
            try await store.save(state, of: id, token: token)
            try await client.deleteSSHKey(SSHKey.ID(anchor))
            #expect(try await !provider.sees(anchor: anchor))
            let refusal = await #expect(throws: ProviderError.self) { _ = try await provider.ensureAnchor() }
            #expect(refusal?.reason.code == "anchor-missing")
            #expect(refusal?.kind == .unreachable, "it is waited for")
            // Refused, it made nothing, and its key is off the record.
            state.anchor = ""
            try await store.save(state, of: id, token: token)
            let next = try await provider.ensureAnchor()
            #expect(next != anchor)
            #expect(try await provider.sees(anchor: next))
            #expect(try await !provider.sees(anchor: anchor), "the attempt's own key, not the one on record")
            let none = try await provider.witnessedInstances(hostname: "mf-none", anchor: anchor)
            #expect(none == WitnessedListing(instances: [], isWitnessed: false))
            #expect(try await provider.witnessedInstances(hostname: "mf-none", anchor: next).isWitnessed)
            guard case .cannotTell = try await provider.absence(of: InstanceID(rawValue: "i-none"), anchor: anchor)
            else {
                Issue.record("absence was concluded from another key")
                return
            }
            #expect(try await provider.absence(of: InstanceID(rawValue: "i-none"), anchor: next) == .gone)
        }
    }

    @Test func aRefusedKeyIsToldApartFromARefusedOrder() async throws {
        try await withCloud(MemoryJobStore()) { provider, client in
            var order = Self.order("mf-abcdefgh-key")
            order.sshKey = try await provider.ensureAnchor()
            try await client.deleteSSHKey(SSHKey.ID(order.sshKey))
            let bad = order
            let refusal = await #expect(throws: ProviderError.self) { _ = try await provider.create(bad) }
            #expect(refusal?.kind == .unreachable)
            #expect(refusal?.reason.code == Reason.anchorRefusedCode)
            #expect(await provider.knownAnchor() == nil)
        }
    }

    /// The token changes while a listing is read: what the first token listed is not judged by the second one's key.
    @Test func aTokenThatChangesInTheMiddleProvesNothing() async throws {
        let store = MemoryJobStore()
        let switching = SwitchingSource()
        try await withCloud(MemoryJobStore(), observer: switching) { mine, own in
            try await withCloud(MemoryJobStore()) { other, theirs in
                var order = Self.order("mf-abcdefgh-mine")
                order.sshKey = try await mine.ensureAnchor()
                let made = try await mine.create(order)
                let key = order.sshKey
                let provider = CloudProvider(
                    source: switching, store: store, installation: Fixtures.installation, cloud: Self.cloud,
                    listingLag: .zero, pollInterval: .milliseconds(5))
                // Their list lacks it; my key would be seen by the token that comes next.
                for (first, then) in [(theirs, own), (own, theirs)] {
                    switching.begin(with: first, then: then)
                    let listing = try await provider.witnessedInstances(hostname: "mf-abcdefgh-mine", anchor: key)
                    #expect(!(listing.instances.isEmpty && listing.isWitnessed))
                    switching.begin(with: first, then: then)
                    #expect(try await provider.absence(of: made.id, anchor: key) != .gone)
                }
                _ = other
            }
        }
    }

    /// Hands out another client from its second call on.
    private final class SwitchingSource: ClientSource, RequestObserver {
        private let clients = Mutex<[GenesisCloudClient]>([])

        func begin(with first: GenesisCloudClient, then: GenesisCloudClient) {
            clients.withLock { $0 = [first, then] }
        }

        func client() async throws -> GenesisCloudClient {
            let next = clients.withLock { $0.count > 1 ? $0.removeFirst() : $0.first }
            return try #require(next)
        }

        func connectionFailed() async {}
        func requestEnded(_ record: RequestRecord) {}
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
