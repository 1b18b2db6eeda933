import NIOCore
import NIOPosix
import SSHTransport
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A TCP relay in front of a server that can fall silent, or break the connection, at a chosen moment.
final class Relay: Sendable {
    private let listener: any Channel
    private let accepted = Mutex<[any Channel]>([])
    private let silent = Atomic<Bool>(false)
    private let down = Atomic<Int>(0)

    /// Bytes of the server that the client's kernel has taken.
    var passedDown: Int { down.load(ordering: .relaxed) }

    var port: Int { listener.localAddress?.port ?? 0 }

    private init(listener: any Channel) {
        self.listener = listener
    }

    static func start(to server: SSHServer) async throws -> Relay {
        let target = server.endpoint
        let relay = Mutex<Relay?>(nil)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { client in
                guard let relay = relay.withLock({ $0 }) else {
                    return client.eventLoop.makeFailedFuture(ChannelError.eof)
                }
                relay.accepted.withLock { $0.append(client) }
                return ClientBootstrap(group: client.eventLoop).connect(host: target.host, port: target.port)
                    .flatMapThrowing { server in
                        try server.pipeline.syncOperations.addHandler(Forward(to: client, relay, isDown: true))
                        try client.pipeline.syncOperations.addHandler(Forward(to: server, relay, isDown: false))
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let made = Relay(listener: listener)
        relay.withLock { $0 = made }
        return made
    }

    /// From now on nothing passes, and nobody is told.
    func fallSilent() {
        silent.store(true, ordering: .relaxed)
    }

    /// Ends every connection with RST.
    func reset() async throws {
        for client in accepted.withLock({ $0 }) where client.isActive {
            try await (client as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            try await client.close().get()
        }
    }

    func stop() async throws {
        try await listener.close().get()
        for client in accepted.withLock({ $0 }) { try? await client.close().get() }
    }

    private final class Forward: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let target: any Channel
        let relay: Relay
        let isDown: Bool

        init(to target: any Channel, _ relay: Relay, isDown: Bool) {
            self.target = target
            self.relay = relay
            self.isDown = isDown
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !relay.silent.load(ordering: .relaxed) else { return }
            let bytes = unwrapInboundIn(data)
            let written = target.writeAndFlush(bytes)
            guard isDown else { return }
            written.whenSuccess { [relay] in relay.down.add(bytes.readableBytes, ordering: .relaxed) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            target.close(promise: nil)
        }
    }
}
