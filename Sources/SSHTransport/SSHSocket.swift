import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A connected socket and its engine, before they are a connection.
struct SSHSocket: Sendable {
    let channel: SSHCarrier
    let engine: NIOLoopBound<SSHEngine>

    /// What became of the first words on a socket that was reached.
    struct Reached: Sendable {
        let socket: SSHSocket
        let greeting: Result<SSHGreeting, any Error>
    }

    /// What there is to close when nobody waits any more.
    private struct Pending {
        var isCancelled = false
        var channel: (any Channel)?
        /// A name with several addresses has several channels, of which one is connected in the end.
        var engines: [ObjectIdentifier: NIOLoopBound<SSHEngine>] = [:]
        var socket: SSHSocket?
    }

    /// - Parameter greet: called on the loop as soon as the socket is connected, so that a login as a whole costs its
    ///   caller one change of threads.
    static func connect(
        to endpoint: SSHEndpoint, _ configuration: SSHConfiguration, _ group: any EventLoopGroup, _ logger: Logger,
        _ greet: @escaping @Sendable (SSHSocket) -> EventLoopFuture<SSHGreeting>
    ) async throws -> Reached {
        guard (1...65535).contains(endpoint.port) else {
            throw SSHError(.unreachable, "\(endpoint.port) is no TCP port")
        }
        // NIO's connect does not notice cancellation; closing the channel it works on does.
        let pending = Mutex(Pending())
        let bootstrap = ClientBootstrap(group: group.next())
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(
                .writeBufferWaterMark,
                value: .init(low: max(1, configuration.outboundLimit / 2), high: max(2, configuration.outboundLimit))
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if pending.withLock({
                        $0.channel = channel
                        return $0.isCancelled
                    }) {
                        throw SSHConnection.cancelled
                    }
                    let engine = try SSHEngine(configuration: configuration, logger: logger)
                    pending.withLock {
                        $0.engines[ObjectIdentifier(channel)] = NIOLoopBound(engine, eventLoop: channel.eventLoop)
                    }
                    try channel.pipeline.syncOperations.addHandler(SSHChannelHandler(engine))
                }
            }
        return try await withTaskCancellationHandler {
            do {
                let connected =
                    if let address = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port) {
                        bootstrap.connect(to: address)
                    } else {
                        bootstrap.connect(host: endpoint.host, port: endpoint.port)
                    }
                return try await connected.flatMap { channel in
                    // Asked of what was made, not of the pipeline: a peer that left at once has taken the handler along.
                    let made = pending.withLock { pending -> (SSHSocket, isCancelled: Bool)? in
                        pending.socket = pending.engines[ObjectIdentifier(channel)].map {
                            SSHSocket(channel: SSHCarrier(channel), engine: $0)
                        }
                        return pending.socket.map { ($0, pending.isCancelled) }
                    }
                    guard let (socket, isCancelled) = made else {
                        return channel.eventLoop.makeFailedFuture(SSHError(.closed, "the socket has no engine"))
                    }
                    guard !isCancelled else {
                        return channel.eventLoop.makeSucceededFuture(
                            Reached(socket: socket, greeting: .failure(SSHConnection.cancelled)))
                    }
                    return greet(socket).map { Reached(socket: socket, greeting: .success($0)) }
                        .flatMapErrorThrowing { Reached(socket: socket, greeting: .failure($0)) }
                }.get()
            } catch {
                if Task.isCancelled { throw SSHConnection.cancelled }
                throw SSHError.connecting(error, endpoint, configuration.connectTimeout)
            }
        } onCancel: {
            let (channel, socket) = pending.withLock {
                $0.isCancelled = true
                return ($0.channel, $0.socket)
            }
            if let socket { return socket.terminate(with: SSHConnection.cancelled) }
            channel?.close(mode: .all, promise: nil)
        }
    }

    init(channel: SSHCarrier, engine: NIOLoopBound<SSHEngine>) {
        self.channel = channel
        self.engine = engine
    }

    /// Ends everything; safe from any thread.
    func terminate(with error: SSHError) {
        let engine = engine
        channel.eventLoop.execute { engine.value.terminate(error) }
    }

    func close() async {
        terminate(with: SSHError(.closed, "the login failed"))
        channel.close()
        try? await channel.closeFuture.get()
    }

    /// Cancelling the task ends the socket.
    func unlessCancelled<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        try await withTaskCancellationHandler {
            if Task.isCancelled { throw SSHConnection.cancelled }
            return try await body()
        } onCancel: {
            terminate(with: SSHConnection.cancelled)
        }
    }
}
