import NIOCore

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
        engine.pump()
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
