import NIOCore

/// Keeps what arrives at an accepted socket before somebody takes it: NIO reads on when the other side ends its output,
/// whatever was said about reading. What is kept is no more than the socket's buffer held.
final class SSHHoldingHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var bytes: [ByteBuffer] = []
    private var inputHasEnded = false
    private var isInactive = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes.append(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event as? ChannelEvent == .inputClosed else { return context.fireUserInboundEventTriggered(event) }
        inputHasEnded = true
    }

    func channelInactive(context: ChannelHandlerContext) { isInactive = true }

    /// Lets all that was kept go on, in its order.
    func removeHandler(context: ChannelHandlerContext, removalToken: ChannelHandlerContext.RemovalToken) {
        for piece in bytes { context.fireChannelRead(wrapInboundOut(piece)) }
        if !bytes.isEmpty { context.fireChannelReadComplete() }
        bytes = []
        if inputHasEnded { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        if isInactive { context.fireChannelInactive() }
        context.leavePipeline(removalToken: removalToken)
    }
}
