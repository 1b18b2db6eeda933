import NIOCore

/// What carries a connection's bytes, as its engine sees it: a socket, or a tunnel of another connection. Used on one
/// event loop only.
protocol SSHLink: AnyObject {
    var eventLoop: any EventLoop { get }
    /// Whether more bytes are welcome. The engine is pumped when they are again.
    var isWritable: Bool { get }
    func send(_ bytes: ByteBuffer)
    /// Asks for bytes again, after the engine had said that it may not take any.
    func read()
    func shut()
}

extension ChannelHandlerContext: SSHLink {
    var isWritable: Bool { channel.isWritable }

    func send(_ bytes: ByteBuffer) {
        writeAndFlush(NIOAny(bytes), promise: nil)
    }

    func shut() {
        close(mode: .all, promise: nil)
    }
}

/// The same, as seen from outside the loop.
struct SSHCarrier: Sendable {
    let eventLoop: any EventLoop
    let closeFuture: EventLoopFuture<Void>
    /// Safe from any thread, and more than once.
    let close: @Sendable () -> Void
}

extension SSHCarrier {
    init(_ channel: any Channel) {
        self.init(eventLoop: channel.eventLoop, closeFuture: channel.closeFuture) {
            // The loop may have ended after the socket did.
            if channel.isActive { channel.close(mode: .all, promise: nil) }
        }
    }
}
