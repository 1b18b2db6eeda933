package import Logging
package import MayflyCore
import NIOCore
import OnInstance
import SSHTransport

/// Logs in to instances over `SSHTransport` with the keys of their attempt.
package struct SSHConnector: RemoteConnector {
    private let files: AttemptKeyFiles
    private let logger: Logger
    private let around: (@Sendable (String) -> @Sendable (() -> Void) -> Void)?

    /// - Parameters:
    ///   - keysFolder: where attempts' keys live, 0700.
    ///   - around: what the handling of a machine's bytes is wrapped in, by its hostname.
    package init(
        keysFolder: String, logger: Logger, around: (@Sendable (String) -> @Sendable (() -> Void) -> Void)? = nil
    ) {
        files = AttemptKeyFiles(root: keysFolder)
        self.logger = logger
        self.around = around
    }

    package func prepareKeys(for identity: AttemptIdentity) async throws -> AttemptKeys {
        let keys = try await files.prepare(identity)
        // The comments say whose they are to whoever finds them on an instance; `before_snapshot` goes by them.
        return AttemptKeys(
            hostPrivateKey: keys.host.openSSHPEM, hostPublicKey: "\(keys.host.publicKey.openSSH) \(identity)-host",
            clientPublicKey: "\(keys.client.publicKey.openSSH) \(identity)")
    }

    package func connect(to endpoint: RemoteEndpoint, identity: AttemptIdentity) async throws -> any RemoteHost {
        let keys = try await files.load(identity)
        let check: SSHHostKeyCheck
        switch endpoint.hostKey {
        case .pinned: check = .pinned(keys.host.publicKey)
        case .acceptNew:
            check =
                keys.seenHostKey.map { .pinned($0) }
                ?? .accept { [files] key in
                    try await files.recordSeen(key, of: identity)
                    return true
                }
        }
        let observer = around.map { SSHObserver($0(identity.description)) }
        let host = try await SSHHost.logIn(
            at: endpoint, as: identity, with: keys, hostKey: check, observer: observer, logger: logger)
        if endpoint.hostKey == .pinned, keys.seenHostKey == nil {
            do {
                try await files.recordSeen(keys.host.publicKey, of: identity)
            } catch {
                await host.close()
                throw error
            }
        }
        return host
    }

    package func discardKeys(of identity: AttemptIdentity) async { await files.remove(identity) }
}

/// A logged-in connection in the core's terms.
struct SSHHost: RemoteHost {
    let connection: SSHConnection
    let supervisor: Supervisor
    let jump: SSHConnection?

    /// Logs in once with an attempt's keys, through the jump host if there is one.
    /// - Throws: ``RemoteError``.
    static func logIn(
        at endpoint: RemoteEndpoint, as identity: AttemptIdentity, with keys: AttemptKeyFiles.Keys,
        hostKey: SSHHostKeyCheck, observer: SSHObserver? = nil, logger: Logger
    ) async throws -> SSHHost {
        let jump = try await JumpConnection.open(endpoint.jump, logger)
        do {
            let connection = try await SSHConnection.connect(
                to: SSHEndpoint(host: endpoint.address, port: endpoint.port), through: jump,
                credential: .privateKey(user: endpoint.user, keys.client), hostKey: hostKey,
                configuration: SSHConfiguration(observer: observer), logger: logger)
            return SSHHost(
                connection: connection, supervisor: Supervisor(nonce: identity.nonce), jump: jump)
        } catch {
            await jump?.close()
            guard let error = error as? SSHError else { throw error }
            throw RemoteError(error, at: endpoint, hasMatched: keys.seenHostKey != nil)
        }
    }

    func execute(
        _ command: String, input: RemoteInput, options: RemoteOptions,
        onOutput: @escaping @Sendable (RemoteOutput) async throws -> Void
    ) async throws -> RemoteExit {
        var execOptions = SSHExecOptions()
        if options.bulk { execOptions.window = connection.bulkWindow }
        let stdin: SSHInput =
            switch input {
            case .none: .none
            case .bytes(let bytes): .bytes(ByteBuffer(bytes: bytes))
            case .stream(let next): .stream { try await next().map { ByteBuffer(bytes: $0) } }
            }
        do {
            let hand: @Sendable (SSHOutput) async throws -> Void = { output in
                switch output {
                case .stdout(let buffer): try await onOutput(.stdout(Array(buffer.readableBytesView)))
                case .stderr(let buffer): try await onOutput(.stderr(Array(buffer.readableBytesView)))
                }
            }
            let exit =
                if case .stream(let next) = input, command == supervisor.upload().command {
                    try await FrozenUpload(connection: connection, supervisor: supervisor, onOutput: hand)
                        .execute(next, execOptions)
                } else if options.bulk {
                    try await TarlessCollect.execute(
                        command, on: connection, options: execOptions, stdin: stdin, hand)
                } else {
                    try await connection.execute(command, options: execOptions, stdin: stdin, onOutput: hand)
                }
            return switch exit {
            case .status(let code): .status(code)
            case .signal(let name): .signal(name)
            case .unknown: .unknown
            }
        } catch let error as SSHError {
            throw RemoteError(error)
        }
    }

    func close() async {
        await connection.close()
        await jump?.close()
    }
}
