import Adapters
import GenesisCloud
import LocalCloud
import Logging
import MayflyCore

/// Builds the provider of a cloud, each with its own pace.
enum CloudProviders {
    static func make(
        for cloud: CloudReference, home: MayflyHome, store: any JobStore, vault: Vault, installation: String,
        logger: Logger
    ) -> CloudProvider {
        switch cloud.kind {
        case .local:
            CloudProvider(
                source: LocalClientSource(home: home, logger: logger), store: store, installation: installation,
                cloud: cloud, listingLag: .seconds(1), settlementLag: .seconds(10), pollInterval: .milliseconds(10))
        case .genesis:
            CloudProvider(
                source: TokenClientSource(endpoint: cloud.endpoint, vault: vault, logger: logger), store: store,
                installation: installation, cloud: cloud, listingLag: .seconds(60), pollInterval: .seconds(2))
        }
    }
}

/// The local cloud's client; the process is started again when it is gone, and its instances are adopted by it.
actor LocalClientSource: ClientSource {
    private let process: LocalCloudProcess
    private let logger: Logger
    private var current: GenesisCloudClient?

    init(home: MayflyHome, logger: Logger) {
        process = LocalCloudProcess(home: home)
        self.logger = logger
    }

    func client() async throws -> GenesisCloudClient {
        if let current { return current }
        do {
            let endpoint = try await process.ensure(replacing: false)
            let client = GenesisCloudClient(
                endpoint: try GenesisCloudClient.Endpoint(parsing: endpoint.url), token: endpoint.token,
                logger: logger)
            current = client
            return client
        } catch {
            throw ProviderError(
                kind: .unreachable, reason: Reason(code: "local-cloud", message: "the local cloud: \(error)"))
        }
    }

    func connectionFailed() { current = nil }
}

/// A client with the token that a `mayfly` command handed over last.
actor TokenClientSource: ClientSource {
    private let endpoint: String
    private let vault: Vault
    private let logger: Logger
    private var current: (token: String, client: GenesisCloudClient)?

    init(endpoint: String, vault: Vault, logger: Logger) {
        self.endpoint = endpoint
        self.vault = vault
        self.logger = logger
    }

    func client() async throws -> GenesisCloudClient {
        guard let token = await vault.token(for: endpoint) else {
            throw ProviderError(
                kind: .unauthorized,
                reason: Reason(code: "no-token", message: "waiting for token: mayfly login"))
        }
        if let current, current.token == token { return current.client }
        do {
            let client = GenesisCloudClient(
                endpoint: try GenesisCloudClient.Endpoint(parsing: endpoint), token: token, logger: logger)
            current = (token, client)
            return client
        } catch {
            throw ProviderError(kind: .refused, reason: Reason(code: "endpoint", message: "\(error)"))
        }
    }

    func connectionFailed() {}
}
