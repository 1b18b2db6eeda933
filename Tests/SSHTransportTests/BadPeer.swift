import NIOCore
import NIOPosix
import SSHTransport

/// A listener that treats every connection in one bad way.
struct BadPeer: Sendable {
    enum Manner: Sendable, CaseIterable {
        case silent, closesAtOnce, closesAfterBanner
        /// Bytes that are no line at all.
        case garbage
        /// Lines for ever, none of which is SSH's.
        case endlessGreeting
        /// A proper greeting whose end never comes.
        case endlessBanner
        case oneByteAtATime
        case absurdLength, zeroLength, randomPackets
        /// A proper exchange of algorithms, none of which we know.
        case nothingInCommon
    }

    private let listener: any Channel
    private let group: MultiThreadedEventLoopGroup

    var endpoint: SSHEndpoint { SSHEndpoint(host: "127.0.0.1", port: listener.localAddress?.port ?? 0) }

    /// On threads of its own: how busy this side is must not show in the other's deadlines.
    static func start(_ manner: Manner) async throws -> BadPeer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Behaviour(manner))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return BadPeer(listener: listener, group: group)
    }

    func stop() async throws {
        try await listener.close().get()
        try await group.shutdownGracefully()
    }

    private final class Behaviour: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let manner: Manner

        init(_ manner: Manner) {
            self.manner = manner
        }

        func channelActive(context: ChannelHandlerContext) {
            let channel = context.channel
            let banner = "SSH-2.0-Bad\r\n"
            switch manner {
            case .silent: break
            case .closesAtOnce: channel.close(promise: nil)
            case .closesAfterBanner:
                channel.writeAndFlush(ByteBuffer(string: banner)).whenComplete { _ in channel.close(promise: nil) }
            case .garbage: send(channel, noise(100_000, seed: 77))
            case .endlessGreeting:
                send(channel, Array(String(repeating: "welcome\r\n", count: 1000).utf8), isEndless: true)
            case .endlessBanner:
                send(channel, Array("SSH-2.0-".utf8) + Array(repeating: 0x61, count: 64_000), isEndless: true)
            case .oneByteAtATime: drip(channel, Array(String(repeating: "slow\r\n", count: 100).utf8)[...])
            case .absurdLength: send(channel, Array(banner.utf8) + [0xff, 0xff, 0xff, 0xf0, 4] + noise(500, seed: 1))
            case .zeroLength: send(channel, Array(banner.utf8) + Array(repeating: 0, count: 500))
            case .randomPackets:
                let packets: [UInt8] = (0..<50).flatMap { seed -> [UInt8] in [0, 0, 0, 60, 4] + noise(59, seed: seed) }
                send(channel, Array(banner.utf8) + packets)
            case .nothingInCommon:
                let lists = (0..<10).flatMap { _ in [0, 0, 0, 4] + Array("none".utf8) } as [UInt8]
                let payload = [20] + noise(16, seed: 3) + lists + [0, 0, 0, 0, 0]
                let padding = 16 - (payload.count + 5) % 8
                let packet = [0, 0, 0, UInt8(payload.count + padding + 1), UInt8(padding)] + payload
                send(channel, Array(banner.utf8) + packet + noise(padding, seed: 4))
            }
        }

        private func send(_ channel: any Channel, _ bytes: [UInt8], isEndless: Bool = false) {
            let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
            channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenSuccess {
                if isEndless { bound.value.send(channel, bytes, isEndless: true) }
            }
        }

        private func drip(_ channel: any Channel, _ bytes: ArraySlice<UInt8>) {
            guard let first = bytes.first else { return }
            let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
            channel.writeAndFlush(ByteBuffer(bytes: [first])).whenSuccess {
                channel.eventLoop.scheduleTask(in: .milliseconds(50)) { bound.value.drip(channel, bytes.dropFirst()) }
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
