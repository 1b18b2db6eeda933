import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import Synchronization
import Testing

@testable import SSHTransport

/// A whole conversation with a real sshd whose bytes pass through here: an engine in an in-memory channel on one side, a
/// socket on the other, and every delivery between them under control.
struct Wiretap: Sendable {
    enum Direction: Sendable { case down, up }

    /// What to do to the bytes.
    struct Plan: Sendable {
        /// The most bytes of one delivery.
        var piece = Int.max
        /// Break the connection when so many bytes have passed one way.
        var cut: (direction: Direction, after: Int)?
        /// Instead of breaking, fall silent and let the login's time pass.
        var isSilent = false
        /// The channel is full before each delivery and empty after it.
        var flips = false
    }

    struct Outcome: Sendable {
        var exit: SSHExit?
        var out = ""
        var err = ""
        var error: SSHError?
        var down = 0
        var up = 0
        /// What the engine's session still held at the end.
        var bytesLeft = 0
        var isEngineGone = false
    }

    let server: SSHServer
    var plan = Plan()

    func run() async throws -> Outcome {
        let passed = Passed()
        let loop = NIOAsyncTestingEventLoop()
        let channel = NIOAsyncTestingChannel(loop: loop)
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
        let (sent, send) = AsyncStream<ByteBuffer>.makeStream()
        let configuration = SSHConfiguration(keepaliveInterval: .zero)
        let socket = try await loop.submit {
            let engine = try SSHEngine(configuration: configuration, logger: quiet)
            try channel.pipeline.syncOperations.addHandlers([Tap(send), SSHChannelHandler(engine)])
            return SSHSocket(channel: SSHCarrier(channel), engine: NIOLoopBound(engine, eventLoop: loop))
        }.get()

        var outcome = Outcome()
        try await withSocket { inbound, outbound in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await relay(inbound, down: channel, loop, passed) }
                group.addTask { await relay(sent, up: outbound, channel, loop, passed) }
                await talk(socket, &outcome)
                group.cancelAll()
            }
        }
        (outcome.down, outcome.up) = passed.counts.withLock { $0 }
        outcome.bytesLeft = try await loop.submit { socket.engine.value.session.memoryUsed }.get()
        outcome.isEngineGone = try await loop.submit { socket.engine.value.isDisposed }.get()
        await loop.shutdownGracefully()
        return outcome
    }

    /// Logs in, runs a command that uses all streams, closes.
    private func talk(_ socket: SSHSocket, _ outcome: inout Outcome) async {
        do {
            let connection = try await SSHConnection.login(
                socket, server.endpoint, .privateKey(user: server.user, server.userKey), .pinned(server.hostKey),
                SSHConfiguration())
            do {
                let (exit, output) = try await connection.collect(
                    "printf out; printf err >&2; cat; exit 5", stdin: .bytes(ByteBuffer(string: "put")))
                (outcome.exit, outcome.out, outcome.err) = (exit, output.outText, output.errText)
            } catch {
                outcome.error = error as? SSHError
            }
            await connection.close()
        } catch {
            outcome.error = error as? SSHError
        }
    }

    private func withSocket(
        _ body: (NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws ->
            Void
    ) async throws {
        let socket = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: server.host, port: server.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await socket.executeThenClose { try await body($0, $1) }
    }

    private func relay(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, down channel: NIOAsyncTestingChannel,
        _ loop: NIOAsyncTestingEventLoop, _ passed: Passed
    ) async {
        do {
            for try await bytes in inbound {
                for piece in pieces(bytes, .down, passed.counts.withLock { $0.down }) {
                    if plan.flips { try await flip(channel, loop, false) }
                    try await channel.writeInbound(piece)
                    if plan.flips { try await flip(channel, loop, true) }
                    passed.counts.withLock { $0.down += piece.readableBytes }
                }
                if isCut(.down, passed.counts.withLock { $0.down }) { break }
            }
        } catch {}
        await end(channel, loop)
    }

    private func relay(
        _ sent: AsyncStream<ByteBuffer>, up outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ channel: NIOAsyncTestingChannel, _ loop: NIOAsyncTestingEventLoop,
        _ passed: Passed
    ) async {
        do {
            for await bytes in sent {
                for piece in pieces(bytes, .up, passed.counts.withLock { $0.up }) {
                    try await outbound.write(piece)
                    passed.counts.withLock { $0.up += piece.readableBytes }
                }
                if isCut(.up, passed.counts.withLock { $0.up }) { break }
            }
        } catch {}
        await end(channel, loop)
    }

    private func isCut(_ direction: Direction, _ count: Int) -> Bool {
        guard let cut = plan.cut, cut.direction == direction else { return false }
        return count >= cut.after
    }

    private func pieces(_ bytes: ByteBuffer, _ direction: Direction, _ before: Int) -> [ByteBuffer] {
        var rest = bytes
        if let cut = plan.cut, cut.direction == direction {
            rest = bytes.getSlice(at: bytes.readerIndex, length: min(bytes.readableBytes, cut.after - before)) ?? rest
        }
        var pieces: [ByteBuffer] = []
        while let piece = rest.readSlice(length: min(plan.piece, rest.readableBytes)), piece.readableBytes > 0 {
            pieces.append(piece)
        }
        return pieces
    }

    private func flip(_ channel: NIOAsyncTestingChannel, _ loop: NIOAsyncTestingEventLoop, _ isWritable: Bool)
        async throws
    {
        try await loop.submit {
            channel.isWritable = isWritable
            channel.pipeline.fireChannelWritabilityChanged()
        }.get()
    }

    private func end(_ channel: NIOAsyncTestingChannel, _ loop: NIOAsyncTestingEventLoop) async {
        if plan.isSilent { await loop.advanceTime(by: .seconds(31)) } else { try? await channel.close().get() }
    }

    private final class Passed: Sendable {
        let counts = Mutex((down: 0, up: 0))
    }

    /// Takes what the engine sends.
    private final class Tap: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        private let sent: AsyncStream<ByteBuffer>.Continuation

        init(_ sent: AsyncStream<ByteBuffer>.Continuation) {
            self.sent = sent
        }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            sent.yield(unwrapOutboundIn(data))
            promise?.succeed()
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            sent.finish()
        }
    }
}
