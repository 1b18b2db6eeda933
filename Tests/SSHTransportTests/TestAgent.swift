import Foundation
import NIOCore
import NIOPosix
import SSHTransport
import Testing

/// A real ssh-agent of its own, ended with the object.
final class TestAgent: Sendable {
    let folder: URL
    let agent: SSHAgent
    private let process: Child

    init() async throws {
        // Short: the path of a socket has room for a hundred bytes.
        folder = FileManager.default.temporaryDirectory.appending(path: "mayfly-ag-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let agent = SSHAgent(socketPath: folder.appending(path: "socket").path)
        self.agent = agent
        process = try Child(["ssh-agent", "-D", "-a", agent.socketPath])
        try await eventually("ssh-agent listens") { (try? await agent.identities()) != nil }
    }

    deinit {
        // It inherits the thread's blocked signals and, unlike sshd, never unblocks them; its socket goes with the folder.
        kill(process.pid, SIGKILL)
        process.wait()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Makes a key that only the agent keeps.
    func add(_ kind: String...) throws -> SSHPublicKey {
        let file = folder.appending(path: "key").path
        defer { for name in [file, file + ".pub"] { try? FileManager.default.removeItem(atPath: name) } }
        try run(["ssh-keygen", "-q", "-N", "", "-C", "in the agent", "-f", file, "-t"] + kind)
        try run("sh", "-c", "SSH_AUTH_SOCK=\"$0\" ssh-add -q \"$1\"", agent.socketPath, file)
        return try SSHPublicKey(openSSH: String(contentsOfFile: file + ".pub", encoding: .utf8))
    }
}

/// An agent that answers as it is told to, or not at all.
final class ScriptedAgent: Sendable {
    let agent: SSHAgent
    private let listener: any Channel
    private let folder: URL

    /// - Parameter script: Gets each question without its length, and a way to answer it, now or later, with raw bytes.
    init(
        timeout: Duration = .seconds(15), _ script: @escaping @Sendable ([UInt8], any Channel) -> Void
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "mayfly-ag-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        agent = SSHAgent(socketPath: folder.appending(path: "socket").path, timeout: timeout)
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Questions(script))
                }
            }
            .bind(unixDomainSocketPath: agent.socketPath).get()
    }

    func stop() async throws {
        try await listener.close()
        try FileManager.default.removeItem(at: folder)
    }

    static func framed(_ message: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer(integer: UInt32(message.count))
        buffer.writeBytes(message)
        return buffer
    }

    private final class Questions: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let script: @Sendable ([UInt8], any Channel) -> Void

        init(_ script: @escaping @Sendable ([UInt8], any Channel) -> Void) {
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            script(Array(unwrapInboundIn(data).readableBytesView.dropFirst(4)), context.channel)
        }
    }
}
