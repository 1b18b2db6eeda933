import NIOCore

/// Sends one question to an agent and waits for its answer, for a while. The connection ends with it.
final class SSHAgentExchange: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let question: [UInt8]
    private let answer: EventLoopPromise<[UInt8]>
    private let limit: Duration
    private var received = ByteBuffer()
    private var deadline: Scheduled<Void>?

    init(_ question: [UInt8], _ answer: EventLoopPromise<[UInt8]>, _ limit: Duration) {
        self.question = question
        self.answer = answer
        self.limit = limit
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        let answer = answer
        let limit = limit
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(limit)) {
            answer.fail(SSHError(.agentUnavailable, "the ssh-agent has not answered within \(limit)"))
            channel.close(promise: nil)
        }
        var message = ByteBuffer()
        message.writeInteger(UInt32(clamping: question.count))
        message.writeBytes(question)
        context.writeAndFlush(NIOAny(message), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        guard let length = received.getInteger(at: received.readerIndex, as: UInt32.self) else { return }
        guard length > 0, length <= SSHAgentMessage.sizeLimit else {
            return end(context, .failure(SSHError(.agentUnavailable, "the ssh-agent does not speak its protocol")))
        }
        guard let message = received.getBytes(at: received.readerIndex + 4, length: Int(length)) else { return }
        end(context, .success(message))
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context, .failure(SSHError(.agentUnavailable, "the ssh-agent closed the connection")))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context, .failure(SSHError(.agentUnavailable, "the connection to the ssh-agent broke: \(error)")))
    }

    /// Only the first end counts.
    private func end(_ context: ChannelHandlerContext, _ result: Result<[UInt8], any Error>) {
        deadline?.cancel()
        answer.completeWith(result)
        context.close(promise: nil)
    }
}
