import JobFiles
import MayflyCore
import NIOPosix
import SSHTransport

/// The keys of attempts as 0600 files, so that any later keeper can log in again; removed with the receipt.
struct AttemptKeyFiles: Sendable {
    struct Keys: Sendable {
        var client: SSHPrivateKey
        var host: SSHPrivateKey
        /// The host key that a first connection showed and that is the only one accepted since.
        var seenHostKey: SSHPublicKey?
    }

    let root: String

    private func folder(_ identity: AttemptIdentity) -> String { "\(root)/\(identity)" }

    /// Loads the attempt's keys, or makes them durably.
    func prepare(_ identity: AttemptIdentity) async throws -> Keys {
        let folder = folder(identity)
        return try await Self.offPool {
            if let keys = try Self.load(folder) { return keys }
            try AtomicFile.makeFolder(folder)
            let keys = Keys(
                client: .generateEd25519(comment: identity.description),
                host: .generateEd25519(comment: "\(identity)-host"))
            try AtomicFile.write(Array(keys.host.openSSHPEM.utf8), to: folder + "/host")
            try AtomicFile.write(Array(keys.client.openSSHPEM.utf8), to: folder + "/client")
            return keys
        }
    }

    func load(_ identity: AttemptIdentity) async throws -> Keys {
        let folder = folder(identity)
        return try await Self.offPool {
            guard let keys = try Self.load(folder) else {
                throw RemoteError(
                    kind: .protocolFailure,
                    message: "the attempt's keys are missing from \(folder): without them nobody can log in")
            }
            return keys
        }
    }

    func recordSeen(_ key: SSHPublicKey, of identity: AttemptIdentity) async throws {
        let path = folder(identity) + "/seen-host-key"
        try await Self.offPool { try AtomicFile.write(Array(key.openSSH.utf8), to: path) }
    }

    func clientKey(_ identity: AttemptIdentity) -> String { folder(identity) + "/client" }

    /// Makes a `known_hosts` file of the one key, under the attempt's name as host.
    /// - Returns: its path.
    func recordKnownHost(_ key: SSHPublicKey, of identity: AttemptIdentity) async throws -> String {
        let path = folder(identity) + "/known_hosts"
        let line = Array("\(identity) \(key.openSSH)\n".utf8)
        try await Self.offPool {
            if SmallFiles.text(path).map({ Array($0.utf8) }) != line { try AtomicFile.write(line, to: path) }
        }
        return path
    }

    func remove(_ identity: AttemptIdentity) async {
        let folder = folder(identity)
        _ = try? await Self.offPool { try SmallFiles.removeFolder(folder) }
    }

    private static func load(_ folder: String) throws -> Keys? {
        guard let client = SmallFiles.text(folder + "/client"), let host = SmallFiles.text(folder + "/host") else {
            return nil
        }
        let seen = try SmallFiles.text(folder + "/seen-host-key").map { try SSHPublicKey(openSSH: $0) }
        return Keys(
            client: try SSHPrivateKey(openSSHPEM: client), host: try SSHPrivateKey(openSSHPEM: host),
            seenHostKey: seen)
    }

    private static func offPool<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}
