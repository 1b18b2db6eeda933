import NIOCore

/// One end of the cable: holds what its socket received until it is due at the other end. Both ends live on one loop.
final class DelayEnd: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct Held {
        var due: NIODeadline
        /// Nothing: the socket has ended.
        var bytes: ByteBuffer?
    }

    /// More than any window of SSH: the cable never makes anybody wait.
    private static let limit = 128 << 20

    private let delay: TimeAmount
    private var other: DelayEnd?
    private var context: ChannelHandlerContext?
    private var held = CircularBuffer<Held>()
    private var heldBytes = 0
    private var readIsHeld = false
    private var timerIsSet = false
    private var hasEnded = false

    init(_ delay: TimeAmount) {
        self.delay = delay
    }

    func join(_ far: DelayEnd) {
        other = far
        far.other = self
    }

    func close() {
        context?.close(mode: .all, promise: nil)
    }

    // MARK: The socket

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        heldBytes += bytes.readableBytes
        hold(bytes, context.eventLoop)
    }

    func read(context: ChannelHandlerContext) {
        readIsHeld = heldBytes >= Self.limit
        if !readIsHeld { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        hold(nil, context.eventLoop)
        // What was under way to a socket that is gone is of no use.
        other?.release()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { other?.release() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(mode: .all, promise: nil)
    }

    // MARK: The cable

    private func hold(_ bytes: ByteBuffer?, _ eventLoop: any EventLoop) {
        held.append(Held(due: .now() + delay, bytes: bytes))
        setTimer(eventLoop)
    }

    private func setTimer(_ eventLoop: any EventLoop) {
        guard !timerIsSet, let first = held.first else { return }
        timerIsSet = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(deadline: first.due) {
            bound.value.timerIsSet = false
            bound.value.release()
        }
    }

    /// Passes on what is due, as far as the other socket takes it; called again when that or the time changes.
    func release() {
        guard let other, !hasEnded else { return }
        guard let target = other.context else {
            // The other end was there before, and its socket is gone.
            held.removeAll()
            end()
            return close()
        }
        let now = NIODeadline.now()
        var hasWritten = false
        while let first = held.first, first.due <= now, target.channel.isActive, target.channel.isWritable {
            held.removeFirst()
            guard let bytes = first.bytes else {
                target.flush()
                target.close(mode: .all, promise: nil)
                return end()
            }
            heldBytes -= bytes.readableBytes
            target.write(wrapOutboundOut(bytes), promise: nil)
            hasWritten = true
        }
        if hasWritten { target.flush() }
        if let first = held.first, first.due > now { setTimer(target.eventLoop) }
        if readIsHeld, heldBytes < Self.limit / 2 {
            readIsHeld = false
            context?.read()
        }
    }

    private func end() {
        hasEnded = true
        other = nil
    }
}
