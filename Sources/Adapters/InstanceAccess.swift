import JobFiles
package import Logging
package import MayflyCore
import NIOPosix
package import OnInstance
import SSHTransport

/// A job's instance as people reach it by hand: with the attempt's key, trusting only the attempt's host key.
package struct InstanceAccess: Sendable {
    package let instance: ReachableInstance
    package let user: String
    package let identity: AttemptIdentity
    private let hostKey: SSHSettings.HostKeyPolicy
    private let jump: JumpHost?
    private let files: AttemptKeyFiles
    private let logger: Logger

    /// - Returns: `nil` while the job has no instance that can be reached.
    package init?(to job: JobRecord, keysFolder: String, logger: Logger) {
        guard let attempt = job.attempt, let instance = attempt.phase.reachableInstance else { return nil }
        self.instance = instance
        user = job.definition.ssh.user
        hostKey = job.definition.ssh.hostKey
        jump = job.definition.ssh.jump
        identity = attempt.identity
        files = AttemptKeyFiles(root: keysFolder)
        self.logger = logger
    }

    package var supervisor: Supervisor { Supervisor(nonce: identity.nonce) }

    /// Logs in on a connection of its own: what a person does neither disturbs the keeper's nor ends with it.
    /// - Throws: ``RemoteError``.
    package func connect() async throws -> InstanceConnection {
        let keys = try await files.load(identity)
        guard let key = keys.trusted(hostKey) else { throw Self.neverSeen }
        let endpoint = RemoteEndpoint(
            address: instance.address, port: instance.sshPort, user: user, hostKey: hostKey, jump: jump)
        let host = try await SSHHost.logIn(
            at: endpoint, as: identity, with: keys, hostKey: .pinned(key), logger: logger)
        return InstanceConnection(connection: host.connection, supervisor: supervisor, jump: host.jump)
    }

    /// Options of OpenSSH's client (ssh_config(5)) by which it, and all that is built on it, reaches this instance. The
    /// `known_hosts` file they name is made here, and goes with the attempt's keys.
    /// - Throws: ``RemoteError`` when the keys are gone, or no host key is known yet.
    package func clientOptions() async throws -> [(name: String, value: String)] {
        let keys = try await files.load(identity)
        guard let key = keys.trusted(hostKey) else { throw Self.neverSeen }
        let knownHosts = try await files.recordKnownHost(key, of: identity)
        return [
            ("HostName", instance.address), ("Port", String(instance.sshPort)), ("User", user),
            ("IdentityFile", files.clientKey(identity)), ("IdentitiesOnly", "yes"),
            ("HostKeyAlias", identity.description), ("UserKnownHostsFile", knownHosts),
            ("GlobalKnownHostsFile", "/dev/null"), ("StrictHostKeyChecking", "yes"),
            ("HostKeyAlgorithms", key.algorithm), ("UpdateHostKeys", "no"), ("ForwardAgent", "no"),
        ] + (jump.map { [("ProxyCommand", Self.proxyCommand($0))] } ?? [])
    }

    /// `ProxyJump` would take neither the key nor the known hosts of the spec.
    private static func proxyCommand(_ jump: JumpHost) -> String {
        let words = [
            "-i", jump.keyFile, "-o", "IdentitiesOnly=yes", "-o", "UserKnownHostsFile=\"\(jump.knownHosts)\"", "-o",
            "StrictHostKeyChecking=yes", "-p", String(jump.port), "\(jump.user)@\(jump.host)",
        ]
        // The outer ssh expands `%`, a shell reads the words, and the inner ssh splits file lists at spaces.
        let quoted = words.map {
            ShellText.quote($0.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%"))
        }
        return "ssh -W [%h]:%p \(quoted.joined(separator: " "))"
    }

    private static let neverSeen = RemoteError(
        kind: .notReady, message: "nobody has logged in yet, so its host key is not known: try again in a moment")
}

extension AttemptKeyFiles.Keys {
    /// The one host key that is trusted.
    func trusted(_ policy: SSHSettings.HostKeyPolicy) -> SSHPublicKey? {
        switch policy {
        case .pinned: host.publicKey
        case .acceptNew: seenHostKey
        }
    }
}
