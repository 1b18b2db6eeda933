import JobFiles
import Logging
import MayflyCore
import NIOPosix
import SSHTransport

/// The way through a host of the user's, with the user's key and known hosts.
enum JumpConnection {
    /// - Returns: `nil` when there is none to go through.
    /// - Throws: ``RemoteError`` whose words name the jump host; nothing was said to the instance.
    static func open(_ jump: JumpHost?, _ logger: Logger) async throws -> SSHConnection? {
        guard let jump else { return nil }
        do {
            let pem = try await NIOThreadPool.singleton.runIfActive { SmallFiles.text(jump.keyFile) }
            guard let pem else { throw SSHError(.invalidKey, "there is no readable key \(jump.keyFile)") }
            let knownHosts = try await SSHKnownHosts.load(jump.knownHosts)
            return try await SSHConnection.connect(
                to: SSHEndpoint(host: jump.host, port: jump.port),
                credential: .privateKey(user: jump.user, try SSHPrivateKey(pem: pem)),
                hostKey: .knownHosts(knownHosts), logger: logger)
        } catch let error as SSHError {
            // Never "another host key", which would mean the instance's and end the job: a person can mend this.
            throw RemoteError(kind: .notReady, message: "the jump host \(jump): \(error.message)")
        }
    }
}
