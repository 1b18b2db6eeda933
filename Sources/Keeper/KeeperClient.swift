package import MayflyCore
import NIOCore
import NIOPosix
import Synchronization

/// A client's connection to the keeper.
package struct KeeperClient: Sendable {
    private let channel: any Channel
    private let exchange: Exchange
    private let home: MayflyHome

    /// - Throws: ``KeeperError`` `notRunning` when no keeper listens.
    package static func connect(home: MayflyHome) async throws -> KeeperClient {
        let exchange = Exchange()
        do {
            let socket = try SocketPath(to: home.keeperSocket, in: home)
            let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(LineDecoder()))
                        try channel.pipeline.syncOperations.addHandler(ReplyHandler(exchange: exchange))
                    }
                }
                .connect(unixDomainSocketPath: socket.path).get()
            return KeeperClient(channel: channel, exchange: exchange, home: home)
        } catch let error as KeeperError {
            throw error
        } catch {
            throw KeeperError(code: .notRunning, message: "no keeper is running for \(home.root)")
        }
    }

    /// A keeper answers within milliseconds; one that is stopped or hangs must not take its clients along.
    private static let patience: TimeAmount = .seconds(10)

    /// Sends one request and waits for its answer.
    /// - Throws: ``KeeperError`` `connectionEnded` when the keeper goes first, `silent` when it does not answer.
    package func request(_ request: KeeperRequest) async throws -> KeeperReply {
        let line = try MessageLines.encode(request)
        let silence = channel.eventLoop.scheduleTask(in: Self.patience) {
            exchange.end(.silent(home))
            channel.close(promise: nil)
        }
        defer { silence.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            // Queued and written on the loop, so that answers meet their requests in order.
            channel.eventLoop.execute {
                exchange.expect(continuation)
                channel.writeAndFlush(line, promise: nil)
            }
        }
    }

    /// News of these jobs, until the keeper goes or the connection is closed.
    package func follow(_ jobs: [JobID]) async throws -> AsyncStream<KeeperReply> {
        _ = try await request(.follow(jobs: jobs))
        return exchange.pushes
    }

    package func close() async { try? await channel.close().get() }
}

/// Requests waiting for their answers, and the stream of pushes.
private final class Exchange: Sendable {
    private struct State {
        var waiting: [CheckedContinuation<KeeperReply, any Error>] = []
        var end: KeeperError?
    }

    private let state = Mutex(State())
    let pushes: AsyncStream<KeeperReply>
    private let pushContinuation: AsyncStream<KeeperReply>.Continuation

    init() { (pushes, pushContinuation) = AsyncStream.makeStream() }

    func expect(_ continuation: CheckedContinuation<KeeperReply, any Error>) {
        let end = state.withLock { state in
            if state.end == nil { state.waiting.append(continuation) }
            return state.end
        }
        if let end { continuation.resume(throwing: end) }
    }

    func take(_ reply: KeeperReply) {
        switch reply {
        case .changed, .logGrew:
            pushContinuation.yield(reply)
        case .hello, .done, .status, .refused:
            state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }?.resume(returning: reply)
        }
    }

    /// The first reason counts.
    func end(_ reason: KeeperError) {
        let waiting = state.withLock { state in
            if state.end == nil { state.end = reason }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(throwing: reason) }
        pushContinuation.finish()
    }
}

private final class ReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let exchange: Exchange

    init(exchange: Exchange) { self.exchange = exchange }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A reply of a newer keeper that this build does not know is not an answer it waits for.
        guard let reply = try? MessageLines.decode(KeeperReply.self, from: unwrapInboundIn(data)) else { return }
        exchange.take(reply)
    }

    func channelInactive(context: ChannelHandlerContext) { exchange.end(.connectionEnded) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
