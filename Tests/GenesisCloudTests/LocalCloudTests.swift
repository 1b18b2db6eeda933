import Foundation
import GenesisCloud
import LocalCloud
import Logging
import Testing

/// The same contract against the local cloud, which spells the API independently of this client.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LocalCloudContractTests {
    /// Runs `body` with a client of a simulated local cloud.
    static func withCloud(_ body: (GenesisCloudClient) async throws -> Void) async throws {
        let home = NSTemporaryDirectory() + "genesis-cloud-tests-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: home) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let cloud = LocalCloud(
            configuration: LocalCloudConfiguration(home: home, backend: .simulated, build: "test"), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await cloud.run() }
            defer { group.cancelAll() }
            #expect(try await eventually { LocalCloudEndpoint.read(home: home) != nil })
            let endpoint = try #require(LocalCloudEndpoint.read(home: home))
            try await body(
                GenesisCloudClient(endpoint: .init(parsing: endpoint.url), token: endpoint.token, logger: logger))
        }
    }

    @Test func theContractHolds() async throws {
        try await Self.withCloud { client in
            var contract = Contract(client: client)
            contract.region = "NORD-NO-KRS-1"
            contract.parts = [.instances, .snapshots, .sshKeys, .images]
            try await contract.run()
        }
    }
}
