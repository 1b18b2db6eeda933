import MayflyCore

/// The attempt's connection, opened when it is needed and again after it was lost.
actor Link {
    private let connector: any RemoteConnector
    private let identity: AttemptIdentity
    private let settings: SSHSettings
    private var current: (any RemoteHost)?

    init(connector: any RemoteConnector, identity: AttemptIdentity, settings: SSHSettings) {
        self.connector = connector
        self.identity = identity
        self.settings = settings
    }

    /// The connection, if there is one already.
    var open: (any RemoteHost)? { current }

    /// The open connection, or a new one.
    /// - Throws: ``RemoteError``.
    func host(of instance: ReachableInstance) async throws -> any RemoteHost {
        if let current { return current }
        let endpoint = RemoteEndpoint(
            address: instance.address, port: instance.sshPort, user: settings.user,
            hostKey: settings.hostKey, jump: settings.jump)
        let host = try await connector.connect(to: endpoint, identity: identity)
        // An effect that is being abandoned may have opened one meanwhile: the first stays.
        if let current {
            await host.close()
            return current
        }
        current = host
        return host
    }

    /// Forgets a connection, after a failure on it or at the attempt's end.
    func drop() async {
        let host = current
        current = nil
        await host?.close()
    }
}
