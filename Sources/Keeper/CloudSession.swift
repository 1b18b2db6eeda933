package import GenesisCloud

/// A client of one cloud for commands that speak to it themselves, beside the keeper.
///
/// The queue's own traffic never passes here: its tokens are the keeper's, its clients belong to attempts.
package enum CloudSession {
    /// The local cloud, started when it is not running; one of another build is replaced and its instances adopted.
    /// - Throws: ``KeeperError``, or `GenesisCloudError` when its endpoint file is damaged.
    package static func local(
        home: MayflyHome, configuration: GenesisCloudClient.Configuration
    ) async throws -> GenesisCloudClient {
        let endpoint = try await LocalCloudProcess(home: home).ensure(replacing: true)
        return GenesisCloudClient(
            endpoint: try GenesisCloudClient.Endpoint(parsing: endpoint.url), token: endpoint.token,
            configuration: configuration)
    }

    /// Genesis Cloud, or whatever speaks its API at the endpoint.
    /// - Throws: `GenesisCloudError` `invalidEndpoint`.
    package static func remote(
        _ grant: TokenGrant, configuration: GenesisCloudClient.Configuration
    ) throws -> GenesisCloudClient {
        GenesisCloudClient(
            endpoint: try GenesisCloudClient.Endpoint(parsing: grant.endpoint), token: grant.token,
            configuration: configuration)
    }
}
