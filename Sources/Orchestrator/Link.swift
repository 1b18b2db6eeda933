import MayflyCore
import Synchronization

/// The attempt's connection, opened when it is needed and again after it was lost.
final class Link: Sendable {
    private let connector: any RemoteConnector
    private let identity: AttemptIdentity
    private let settings: SSHSettings
    private let current = Mutex<(any RemoteHost)?>(nil)

    init(connector: any RemoteConnector, identity: AttemptIdentity, settings: SSHSettings) {
        self.connector = connector
        self.identity = identity
        self.settings = settings
    }

    /// The connection, if there is one already.
    var open: (any RemoteHost)? { current.withLock { $0 } }

    /// The open connection, or a new one.
    /// - Throws: ``RemoteError``.
    func host(of instance: ReachableInstance) async throws -> any RemoteHost {
        if let open { return open }
        let endpoint = RemoteEndpoint(
            address: instance.address, port: instance.sshPort, user: settings.user,
            hostKey: settings.hostKey, jump: settings.jump)
        let host = try await connector.connect(to: endpoint, identity: identity)
        // An effect that is being abandoned may have opened one meanwhile: the first stays.
        let earlier = current.withLock { current in
            let earlier = current
            current = earlier ?? host
            return earlier
        }
        guard let earlier else { return host }
        await host.close()
        return earlier
    }

    /// Forgets a connection, after a failure on it or at the attempt's end.
    func drop() async {
        await current.withLock { $0.take() }?.close()
    }
}
