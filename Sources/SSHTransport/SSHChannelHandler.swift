import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

/// Joins the engine to its socket.
final class SSHChannelHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let engine: SSHEngine

    init(_ engine: SSHEngine) {
        self.engine = engine
    }

    func handlerAdded(context: ChannelHandlerContext) {
        engine.context = context
        engine.eventLoop = context.eventLoop
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        engine.ended(SSHError(.connectionLost, "the connection ended"))
        engine.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        engine.received(&bytes)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        engine.hasSent = false
        engine.pump()
        if !engine.hasSent { acknowledge(context) }
    }

    /// Acknowledges what has arrived now. Where there is nothing to answer, Linux does so 40 ms later, and until then an sshd
    /// keeps its next small packet back (Nagle's algorithm, RFC 896): each first channel took these 40 ms longer.
    private func acknowledge(_ context: ChannelHandlerContext) {
        #if canImport(Glibc)
            // tcp(7): not lasting, so it is said each time. What is no socket has nothing to acknowledge.
            let option = ChannelOptions.Types.SocketOption(
                level: .tcp, name: NIOBSDSocket.Option(rawValue: CInt(TCP_QUICKACK)))
            try? context.channel.syncOptions?.setOption(option, value: 1)
        #endif
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { engine.pump() }
    }

    func read(context: ChannelHandlerContext) {
        if engine.mayRead() { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        engine.ended(SSHError(.connectionLost, "the server closed the connection"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        engine.ended(SSHError(.connectionLost, "the connection broke: \(error)"))
        context.close(mode: .all, promise: nil)
    }
}
