import NIOCore
import NIOPosix

/// A long cable between two ports of this machine: half a round trip each way, any bandwidth, nothing lost.
///
/// TCP's own greeting takes its time too: the far end is called one and a half round trips after the near one was
/// accepted, which is when a distant server would hear of it.
struct DelayProxy {
    private let port: Int
    private let target: Int
    private let roundTrip: TimeAmount

    init(_ arguments: Arguments) throws {
        port = try arguments.number("listen")
        target = try arguments.number("to")
        roundTrip = .milliseconds(Int64(try arguments.number("round-trip-ms")))
    }

    /// Does not return by itself.
    func run() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let (target, roundTrip) = (target, roundTrip)
        let halfWay = TimeAmount.nanoseconds(roundTrip.nanoseconds / 2)
        let server = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: Self.watermark)
            .childChannelOption(.recvAllocator, value: Self.receiving)
            .childChannelInitializer { near in
                near.eventLoop.makeCompletedFuture {
                    let nearEnd = DelayEnd(halfWay)
                    try near.pipeline.syncOperations.addHandler(nearEnd)
                    let bound = NIOLoopBound(nearEnd, eventLoop: near.eventLoop)
                    near.eventLoop.scheduleTask(in: roundTrip + halfWay) {
                        Self.call(target, from: bound, on: near.eventLoop, halfWay)
                    }
                }
            }
        let listener = try await server.bind(host: "127.0.0.1", port: port).get()
        try await listener.closeFuture.get()
    }

    private static let watermark = ChannelOptions.Types.WriteBufferWaterMark(low: 4 << 20, high: 8 << 20)
    private static let receiving = AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 65536, maximum: 1 << 20)

    private static func call(
        _ target: Int, from nearEnd: NIOLoopBound<DelayEnd>, on eventLoop: any EventLoop, _ halfWay: TimeAmount
    ) {
        ClientBootstrap(group: eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: watermark)
            .channelOption(.recvAllocator, value: receiving)
            .channelInitializer { far in
                far.eventLoop.makeCompletedFuture {
                    let farEnd = DelayEnd(halfWay)
                    try far.pipeline.syncOperations.addHandler(farEnd)
                    nearEnd.value.join(farEnd)
                }
            }
            .connect(host: "127.0.0.1", port: target)
            .whenComplete { result in
                switch result {
                case .success: nearEnd.value.release()
                case .failure: nearEnd.value.close()
                }
            }
    }
}
