import NIOCore
import NIOPosix

/// The local side of a forwarded port.
extension SSHForward {
    typealias Client = NIOAsyncChannel<ByteBuffer, ByteBuffer>
    /// Gives sockets, not async channels: one that is accepted and never fetched would end the process, because NIO's
    /// async writers must be finished.
    typealias Listener = NIOAsyncChannel<any Channel, Never>

    static func listen(at local: SSHEndpoint, on group: any EventLoopGroup) async throws -> Listener {
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                // Nothing is read before somebody takes it.
                .childChannelOption(.autoRead, value: false)
                .bind(host: local.host, port: local.port) { client in
                    client.parent?.closeFuture.whenComplete { _ in client.close(promise: nil) }
                    return client.eventLoop.makeCompletedFuture {
                        try client.pipeline.syncOperations.addHandler(SSHHoldingHandler())
                        return client
                    }
                }
        } catch {
            throw SSHError(.cannotListen, "\(local) cannot be listened at: \(error)")
        }
    }

    static func address(of listener: Listener) -> SSHEndpoint {
        endpoint(listener.channel.localAddress)
    }

    static func origin(of client: any Channel) -> SSHEndpoint {
        endpoint(client.remoteAddress)
    }

    static func opened(_ socket: any Channel) async throws -> Client {
        let client = try await socket.eventLoop.submit {
            let client = try Client(
                wrappingChannelSynchronously: socket, configuration: .init(isOutboundHalfClosureEnabled: true))
            let pipeline = socket.pipeline.syncOperations
            try pipeline.removeHandler(pipeline.handler(type: SSHHoldingHandler.self), promise: nil)
            return client
        }.get()
        try await socket.setOption(.autoRead, value: true).get()
        return client
    }

    private static func endpoint(_ address: SocketAddress?) -> SSHEndpoint {
        SSHEndpoint(host: address?.ipAddress ?? "127.0.0.1", port: address?.port ?? 0)
    }
}

extension SSHConnection {
    /// Makes a port of this machine lead to a target behind the server, for any number of connections at once.
    ///
    /// The end of either direction is passed on, and a slow side slows the other one down. Returns when its task is
    /// cancelled: then the port is closed and every connection ended.
    ///
    /// - Parameters:
    ///   - local: Where to listen; port 0 takes any free one. Keep to loopback addresses: whoever reaches the port
    ///     reaches the target.
    ///   - target: Resolved and reached by the server.
    ///   - window: Bytes that may be under way from the target per connection.
    ///   - onEvent: Tells the port and the fate of each connection. Must return soon.
    /// - Throws: ``SSHError`` with code ``SSHError/Code-swift.enum/cannotListen``, or why the connection was lost.
    ///
    /// The tunnels are this connection's: a target that does not answer delays them, and commands beside them, as
    /// ``openTunnel(to:from:window:)`` says. ``SSHTunnelPool/forward(from:to:window:onEvent:)`` has connections of its own.
    public nonisolated func forward(
        from local: SSHEndpoint = SSHEndpoint(host: "127.0.0.1", port: 0), to target: SSHEndpoint,
        window: Int = 2 << 20,
        onEvent: @escaping @Sendable (SSHForwardEvent) -> Void
    ) async throws {
        let forward = SSHForward(target: target, onEvent: onEvent) { origin in
            try await self.openTunnel(to: target, from: origin, window: window)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                if let loss = await self.whenLost() { throw loss }
            }
            group.addTask { try await forward.run(at: local, on: self.eventLoop) }
            // Whichever ends first ends the other: the connection was lost, the port closed, or all was cancelled.
            defer { group.cancelAll() }
            do { try await group.next() } catch  where Task.isCancelled {}
        }
    }
}
