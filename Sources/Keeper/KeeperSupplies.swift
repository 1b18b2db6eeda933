import Adapters
import GenesisCloud
import Logging
import MayflyCore

/// Clouds and secrets from the vault: what is missing makes a job wait, with the next step in words.
actor KeeperSupplies: JobSupplies {
    private let home: MayflyHome
    private let store: any JobStore
    private let vault: Vault
    private let installation: String
    private let logger: Logger
    private var providers: [CloudReference: CloudProvider] = [:]

    init(home: MayflyHome, store: any JobStore, vault: Vault, installation: String, logger: Logger) {
        self.home = home
        self.store = store
        self.vault = vault
        self.installation = installation
        self.logger = logger
    }

    func provider(for cloud: CloudReference) async -> Supply<any InstanceProvider> {
        if cloud.kind == .genesis, await vault.token(for: cloud.endpoint) == nil {
            return .waiting("waiting for token: mayfly login (or GENESISCLOUD_TOKEN with mayfly attach)")
        }
        if let provider = providers[cloud] { return .ready(provider) }
        let provider = CloudProviders.make(
            for: cloud, home: home, store: store, vault: vault, installation: installation, logger: logger)
        providers[cloud] = provider
        return .ready(provider)
    }

    func secrets(of job: JobRecord) async -> Supply<[EnvironmentVariable]> {
        guard !job.definition.secrets.isEmpty else { return .ready([]) }
        if let values = await vault.secrets(of: job.id) { return .ready(values) }
        return .waiting("waiting for secrets: mayfly attach \(job.id)")
    }
}
