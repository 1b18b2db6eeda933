import Crypto
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import SSHTransport

/// An SSH server that really exchanges keys and then says whatever a test wants it to: what a real one never says, or
/// only to accounts that a test cannot have.
final class ScriptedServer: Sendable {
    /// Answers one message of the client; the first byte is its number (RFC 4250 4.1.2).
    typealias Script = @Sendable ([UInt8]) -> [[UInt8]]

    let hostKey = SSHPrivateKey.generateEd25519(comment: "")
    let endpoint: SSHEndpoint
    private let listener: any Channel
    private let log = Mutex<[[UInt8]]>([])

    /// What clients have sent after the key exchange.
    var received: [[UInt8]] { log.withLock { $0 } }

    init(_ script: @escaping Script) async throws {
        let itself = Mutex<ScriptedServer?>(nil)
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let server = itself.withLock({ $0 }) else { throw ChannelError.eof }
                    try channel.pipeline.syncOperations.addHandler(
                        ScriptedPeer(hostKey: server.hostKey) { message in
                            server.log.withLock { $0.append(message) }
                            return script(message)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        endpoint = SSHEndpoint(host: "127.0.0.1", port: try #require(listener.localAddress?.port))
        itself.withLock { $0 = self }
        listener.closeFuture.whenComplete { _ in itself.withLock { $0 = nil } }
    }

    func stop() async throws {
        try await listener.close()
    }

    /// The login at this server; it always ends, and the server with it.
    func login(_ credential: SSHCredential, _ configuration: SSHConfiguration = .init()) async throws -> SSHError? {
        do {
            let connection = try await SSHConnection.connect(
                to: endpoint, credential: credential, hostKey: .pinned(hostKey.publicKey),
                configuration: configuration, logger: quiet)
            await connection.close()
            try await stop()
            return nil
        } catch let error as SSHError {
            try await stop()
            return error
        }
    }
}

/// Messages of RFC 4252 and RFC 4256, as far as tests say them.
enum Say {
    static let success: [UInt8] = [52]

    static func failure(_ offered: String, partial: Bool = false) -> [UInt8] {
        message(51) {
            $0.string(offered)
            $0.raw([partial ? 1 : 0])
        }
    }

    /// 60 means three things; which one depends on the method under way.
    static func ask(_ prompts: [(String, echo: Bool)], instruction: String = "", name: String = "") -> [UInt8] {
        message(60) {
            $0.string(name)
            $0.string(instruction)
            $0.string("")
            $0.integer(UInt32(prompts.count))
            for prompt in prompts {
                $0.string(prompt.0)
                $0.raw([prompt.echo ? 1 : 0])
            }
        }
    }

    static func disconnect(_ reason: String) -> [UInt8] {
        message(1) {
            $0.integer(2)
            $0.string(reason)
            $0.string("")
        }
    }

    static func changePassword(_ prompt: String) -> [UInt8] {
        message(60) {
            $0.string(prompt)
            $0.string("")
        }
    }

    static func message(_ number: UInt8, _ body: (inout SSHBlobWriter) -> Void) -> [UInt8] {
        var writer = SSHBlobWriter()
        writer.raw([number])
        body(&writer)
        return writer.bytes
    }

    /// The method of a client's request, or `nil` when the message is something else.
    static func method(of message: [UInt8]) -> String? {
        var reader = SSHBlobReader(message.dropFirst())
        guard message.first == 50, reader.text() != nil, reader.text() == "ssh-connection" else { return nil }
        return reader.text()
    }

    /// The answers in a client's reply to ``ask(_:instruction:name:)``.
    static func answers(in message: [UInt8]) -> [String]? {
        var reader = SSHBlobReader(message.dropFirst())
        guard message.first == 61, let count = reader.integer() else { return nil }
        return (0..<count).compactMap { _ in reader.text() }
    }
}
