import Foundation
import Logging
import NIOCore
import NIOPosix
import SSHTransport

/// Where the private sshd listens, and who logs in.
struct Server: Sendable {
    private let endpoint: SSHEndpoint
    private let credential: SSHCredential
    private let hostKey: SSHPublicKey

    init(_ arguments: Arguments) throws {
        endpoint = SSHEndpoint(host: try arguments.text("host"), port: try arguments.number("port"))
        let key = try SSHPrivateKey(openSSHPEM: Self.read(try arguments.text("key")))
        credential = .privateKey(user: try arguments.text("user"), key)
        hostKey = try SSHPublicKey(openSSH: Self.read(try arguments.text("host-key")))
    }

    func connect(on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton) async throws -> SSHConnection {
        // 64 logins at once share the server's two cores with each other: slow is not broken here.
        let configuration = SSHConfiguration(handshakeTimeout: .seconds(120))
        return try await SSHConnection.connect(
            to: endpoint, credential: credential, hostKey: .pinned(hostKey), configuration: configuration,
            group: group, logger: Logger(label: "ssh-benchmark") { _ in SwiftLogNoOpLogHandler() })
    }

    private static func read(_ path: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
    }
}

/// What the other side said instead of doing it.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
}
