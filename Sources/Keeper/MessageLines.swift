import Foundation
import NIOCore

/// One JSON object per line, both ways.
enum MessageLines {
    static func encode(_ message: some Encodable) throws -> ByteBuffer {
        ByteBuffer(bytes: Array(try JSONEncoder().encode(message)) + [UInt8(ascii: "\n")])
    }

    static func decode<Message: Decodable>(_ type: Message.Type, from line: ByteBuffer) throws -> Message {
        try JSONDecoder().decode(type, from: Data(line.readableBytesView))
    }
}

/// Splits a byte stream at newlines.
struct LineDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    /// Secrets travel in one line: generous, but not without end.
    private static let limit = 8 << 20

    struct LineTooLong: Error {}

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
            if buffer.readableBytes > Self.limit { throw LineTooLong() }
            return .needMoreData
        }
        let line = buffer.readSlice(length: end - buffer.readerIndex) ?? ByteBuffer()
        buffer.moveReaderIndex(forwardBy: 1)
        context.fireChannelRead(wrapInboundOut(line))
        return .continue
    }
}
