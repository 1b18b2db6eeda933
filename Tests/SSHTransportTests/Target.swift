import NIOCore
import NIOPosix
import SSHTransport
import Synchronization

/// A TCP service on loopback, for the far end of tunnels.
final class Target: Sendable {
    enum Manner: Sendable {
        /// Sends back what comes, and ends when the other side has ended.
        case echo
        /// Reads to the end, then answers with the number of bytes and ends.
        case count
        /// Writes without end.
        case flood
    }

    private let listener: any Channel
    private let accepted = Mutex<[any Channel]>([])
    private let written = Atomic<Int>(0)
    private let active = Atomic<Int>(0)

    var endpoint: SSHEndpoint { SSHEndpoint(host: "127.0.0.1", port: listener.localAddress?.port ?? 0) }
    /// Bytes the flood has got rid of.
    var sent: Int { written.load(ordering: .relaxed) }
    var connections: Int { active.load(ordering: .relaxed) }

    private init(listener: any Channel) {
        self.listener = listener
    }

    static func start(_ manner: Manner) async throws -> Target {
        let target = Mutex<Target?>(nil)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { client in
                client.eventLoop.makeCompletedFuture {
                    guard let target = target.withLock({ $0 }) else { throw ChannelError.eof }
                    target.accepted.withLock { $0.append(client) }
                    try client.pipeline.syncOperations.addHandler(Service(manner, target))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let made = Target(listener: listener)
        target.withLock { $0 = made }
        return made
    }

    func stop() async throws {
        try await listener.close().get()
        for client in accepted.withLock({ $0 }) { try? await client.close().get() }
    }

    private final class Service: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let manner: Manner
        private let target: Target
        private var received = 0
        private static let piece = ByteBuffer(repeating: 7, count: 64 << 10)

        init(_ manner: Manner, _ target: Target) {
            self.manner = manner
            self.target = target
        }

        func channelActive(context: ChannelHandlerContext) {
            target.active.add(1, ordering: .relaxed)
            if case .flood = manner { flood(context.channel) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            target.active.subtract(1, ordering: .relaxed)
        }

        private func flood(_ channel: any Channel) {
            let target = target
            let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
            channel.writeAndFlush(Self.piece).whenSuccess {
                target.written.add(Self.piece.readableBytes, ordering: .relaxed)
                bound.value.flood(channel)
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            received += bytes.readableBytes
            if case .echo = manner { context.channel.writeAndFlush(bytes, promise: nil) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard event as? ChannelEvent == .inputClosed else { return context.fireUserInboundEventTriggered(event) }
            var last = ByteBuffer()
            if case .count = manner { last.writeString("\(received)") }
            // Closing the output at once would drop what is still queued.
            let channel = context.channel
            channel.writeAndFlush(last).whenComplete { _ in channel.close(mode: .output, promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}

extension SSHTunnel {
    /// All that comes until the peer ends.
    func readToEnd() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await read() { bytes.append(contentsOf: piece.readableBytesView) }
        return bytes
    }
}
