import Foundation
import NIOPosix
import SSHTransport
import Testing

/// Another server than OpenSSH's: small devices and containers run Dropbear. Knows keys only by the file in its user's home,
/// so it gets a home of its own: mounted over the real one in a mount namespace, for which it takes root.
final class Dropbear: Sendable {
    let endpoint: SSHEndpoint
    let userKey = SSHPrivateKey.generateEd25519(comment: "test")
    let hostKey: SSHPublicKey
    private let folder: URL
    private let process: Child

    static var isPossible: Bool {
        getuid() == 0
            && ["dropbear", "dropbearkey", "unshare"].allSatisfy { (try? run("sh", "-c", "command -v \($0)")) != nil }
            && (try? run("unshare", "-m", "true")) != nil
    }

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "mayfly-bear-\(UUID().uuidString.prefix(8))")
        let home = folder.appending(path: "home/.ssh")
        try FileManager.default.createDirectory(
            at: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try (userKey.publicKey.openSSH + "\n")
            .write(to: home.appending(path: "authorized_keys"), atomically: true, encoding: .utf8)
        let hostFile = folder.appending(path: "host").path
        let made = try run("dropbearkey", "-t", "ed25519", "-f", hostFile)
        let line = try #require(made.split(separator: "\n").first { $0.hasPrefix("ssh-") })
        hostKey = try SSHPublicKey(openSSH: String(line))
        let port = try await SSHServer.freePort(host: "127.0.0.1")
        endpoint = SSHEndpoint(host: "127.0.0.1", port: port)
        let script = """
            mount --bind '\(folder.path)/home' "$(getent passwd root | cut -d : -f 6)" &&
                exec dropbear -F -E -s -r '\(hostFile)' -p 127.0.0.1:\(port) -P '\(folder.path)/pid'
            """
        process = try Child(["unshare", "-m", "sh", "-c", script])
        try await eventually("dropbear listens", within: .seconds(60)) {
            do {
                try await self.connect().close()
                return true
            } catch let error as SSHError where [.connectionRefused, .closedBeforeBanner].contains(error.code) {
                return false
            }
        }
    }

    deinit {
        kill(process.pid, SIGTERM)
        process.wait()
        try? FileManager.default.removeItem(at: folder)
    }

    func connect(key: SSHPrivateKey? = nil) async throws -> SSHConnection {
        try await SSHConnection.connect(
            to: endpoint, credential: .privateKey(user: "root", key ?? userKey), hostKey: .pinned(hostKey),
            logger: quiet)
    }
}
