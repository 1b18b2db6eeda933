import Foundation
import Logging
import NIOCore
import NIOPosix
import SSHTransport
import Synchronization
import Testing

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A real sshd on loopback with its own keys, ended with the object.
final class SSHServer: Sendable {
    let folder: URL
    /// An address of its own: ports of servers that start at the same time cannot collide.
    let host: String
    let port: Int
    let user: String
    let userKey: SSHPrivateKey
    let hostKey: SSHPublicKey
    private let process: Child
    private static let count = Atomic<Int>(0)

    static let path = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    var endpoint: SSHEndpoint { SSHEndpoint(host: host, port: port) }

    init(hostKeyKind: String = "ed25519", settings: [String] = []) async throws {
        let sshd = try #require(Self.path, "this suite needs OpenSSH's sshd")
        folder = FileManager.default.temporaryDirectory.appending(path: "mayfly-ssh-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        if getuid() == 0 {
            // Where a privileged sshd locks its unprivileged half in.
            try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        }
        let hostFile = folder.appending(path: "host")
        _ = try run("ssh-keygen", "-q", "-t", hostKeyKind, "-N", "", "-f", hostFile.path)
        hostKey = try SSHPublicKey(openSSH: String(contentsOf: hostFile.appendingPathExtension("pub"), encoding: .utf8))
        userKey = .generateEd25519(comment: "test")
        let authorized = folder.appending(path: "authorized_keys")
        try (userKey.publicKey.openSSH + "\n").write(to: authorized, atomically: true, encoding: .utf8)
        user = NSUserName()
        let number = Self.count.add(1, ordering: .relaxed).newValue
        host = "127.\(100 + Int(getpid()) % 100).\(number / 250).\(1 + number % 250)"
        port = try await Self.freePort(host: host)
        // sshd keeps the first value of a setting. Commands start in an empty home: nobody's shell profile slows them
        // down or talks into their output.
        let lines =
            settings + [
                "ListenAddress \(host)", "Port \(port)", "HostKey \(hostFile.path)", "PidFile none",
                "AuthorizedKeysFile \(authorized.path)", "StrictModes no", "UsePAM no", "PermitRootLogin yes",
                "PasswordAuthentication no", "KbdInteractiveAuthentication no", "MaxSessions 100",
                "MaxStartups 300:30:400",
                "SetEnv HOME=\(folder.path)", "LogLevel ERROR", "PrintMotd no", "PrintLastLog no",
            ]
        let configuration = folder.appending(path: "sshd_config")
        try (lines.joined(separator: "\n") + "\n").write(to: configuration, atomically: true, encoding: .utf8)

        process = try Child([sshd, "-D", "-e", "-f", configuration.path])
        try await eventually("sshd listens", within: .seconds(60)) { try await self.answers() }
    }

    deinit {
        kill(process.pid, SIGTERM)
        process.wait()
        try? FileManager.default.removeItem(at: folder)
    }

    func connect(
        key: SSHPrivateKey? = nil, hostKey check: SSHHostKeyCheck? = nil,
        configuration: SSHConfiguration = .init(), relay: Relay? = nil, through jump: SSHConnection? = nil,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> SSHConnection {
        try await SSHConnection.connect(
            to: relay.map { SSHEndpoint(host: "127.0.0.1", port: $0.port) } ?? endpoint,
            through: jump, credential: .privateKey(user: user, key ?? userKey), hostKey: check ?? .pinned(hostKey),
            configuration: configuration, group: group, logger: quiet)
    }

    /// Connects, hands the connection over, and closes it whatever happens.
    func withConnection<Value: Sendable>(
        configuration: SSHConfiguration = .init(), relay: Relay? = nil,
        _ body: @Sendable (SSHConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await connect(configuration: configuration, relay: relay)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Sockets of this process that lead to this server; unlike the count of all descriptors, other tests leave it alone.
    func sockets() throws -> Int {
        let address = try SocketAddress(ipAddress: host, port: port)
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
            .count { descriptor in
                var peer = sockaddr_in()
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let code = withUnsafeMutablePointer(to: &peer) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        getpeername(descriptor, $0, &length)
                    }
                }
                return code == 0 && peer.sin_family == sa_family_t(AF_INET) && SocketAddress(peer) == address
            }
    }

    private func answers() async throws -> Bool {
        do {
            try await connect().close()
            return true
        } catch let error as SSHError where [.connectionRefused, .closedBeforeBanner].contains(error.code) {
            return false
        }
    }

    static func freePort(host: String = "127.0.0.1") async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: host, port: 0).get()
        let port = channel.localAddress?.port
        try await channel.close().get()
        return try #require(port)
    }
}

/// Waits for a condition of the outside world, which announces nothing.
func eventually(
    _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "in vain: \(what)")
        try await Task.sleep(for: .milliseconds(5))
    }
}
