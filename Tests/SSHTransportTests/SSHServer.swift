import Foundation
import Logging
import NIOCore
import NIOPosix
import SSHTransport
import Testing

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A real sshd on loopback with its own keys, ended with the object.
final class SSHServer: Sendable {
    let folder: URL
    let port: Int
    let user: String
    let userKey: SSHPrivateKey
    let hostKey: SSHPublicKey
    private let process: Process

    static let path = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    var endpoint: SSHEndpoint { SSHEndpoint(host: "127.0.0.1", port: port) }
    var processID: Int32 { process.processIdentifier }

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
        port = try await Self.freePort()
        // sshd keeps the first value of a setting.
        let lines =
            settings + [
                "ListenAddress 127.0.0.1", "Port \(port)", "HostKey \(hostFile.path)", "PidFile none",
                "AuthorizedKeysFile \(authorized.path)", "StrictModes no", "UsePAM no", "PermitRootLogin yes",
                "PasswordAuthentication no", "KbdInteractiveAuthentication no", "MaxSessions 100",
                "MaxStartups 300:30:400", "LogLevel ERROR", "PrintMotd no", "PrintLastLog no",
            ]
        let configuration = folder.appending(path: "sshd_config")
        try (lines.joined(separator: "\n") + "\n").write(to: configuration, atomically: true, encoding: .utf8)

        process = Process()
        process.executableURL = URL(fileURLWithPath: sshd)
        process.arguments = ["-D", "-e", "-f", configuration.path]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        try await eventually("sshd listens") { try await self.answers() }
    }

    deinit {
        process.terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Stands for the listener's sudden death; sessions live in processes of their own.
    func stopListening() {
        process.terminate()
        process.waitUntilExit()
    }

    func connect(
        key: SSHPrivateKey? = nil, hostKey check: SSHHostKeyCheck? = nil,
        configuration: SSHConfiguration = .init(), port: Int? = nil,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> SSHConnection {
        try await SSHConnection.connect(
            to: SSHEndpoint(host: "127.0.0.1", port: port ?? self.port),
            credential: .privateKey(user: user, key ?? userKey), hostKey: check ?? .pinned(hostKey),
            configuration: configuration, group: group, logger: quiet)
    }

    /// Connects, hands the connection over, and closes it whatever happens.
    func withConnection<Value: Sendable>(
        configuration: SSHConfiguration = .init(), port: Int? = nil,
        _ body: @Sendable (SSHConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await connect(configuration: configuration, port: port)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
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

    static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port
        try await channel.close().get()
        return try #require(port)
    }
}

/// Runs a program to its end; its standard output, or an error with what it said.
@discardableResult
func run(_ arguments: String...) throws -> String {
    try run(arguments)
}

@discardableResult
func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(arguments.joined(separator: " ")): \(text)")
    return text
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
