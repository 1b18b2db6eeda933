import NIOCore
import NIOHTTP1
import NIOPosix

/// One HTTP request to a server on this host, on a connection of its own.
///
/// Every command that meets the local cloud asks it whether it lives. A client with pools, TLS and tracing for that costs
/// each of them 3 MB.
struct LoopbackExchange {
    struct Answer: Sendable {
        var status: Int
        var text: String
    }

    enum Failure: Error {
        /// Connected, but no whole answer came in time.
        case silence
        /// The connection ended in the middle of an answer, or before one.
        case cutOff
        /// More than ``LoopbackExchange/limit``.
        case tooLong
        case noAddress(String)
    }

    /// Bytes of an answer.
    static let limit = 8 << 20

    /// - Parameters:
    ///   - url: `http://HOST:PORT` or `http://[::1]:PORT`, without a path.
    ///   - patience: from the connection to the end of the answer.
    /// - Throws: ``Failure``, or why there is no connection.
    static func perform(
        _ method: HTTPMethod, _ path: String, at url: String, token: String, json: String?, patience: TimeAmount
    ) async throws -> Answer {
        let scheme = "http://"
        guard url.hasPrefix(scheme), let colon = url.lastIndex(of: ":"), let port = Int(url[url.index(after: colon)...])
        else { throw Failure.noAddress(url) }
        let host = url[..<colon].dropFirst(scheme.count)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Answer.self)
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "host", value: "\(host):\(port)")
        head.headers.add(name: "authorization", value: "Bearer \(token)")
        head.headers.add(name: "connection", value: "close")
        if let json {
            head.headers.add(name: "content-type", value: "application/json")
            head.headers.add(name: "content-length", value: "\(json.utf8.count)")
        }
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop)
                .connectTimeout(.seconds(2))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        try channel.pipeline.syncOperations.addHandler(AnswerHandler(promise))
                    }
                }
                .connect(host: host.filter { !"[]".contains($0) }, port: port).get()
        } catch {
            // Whoever got no connection has no handler that would.
            promise.fail(error)
            return try await promise.futureResult.get()
        }
        let silence = loop.scheduleTask(in: patience) {
            promise.fail(Failure.silence)
            channel.close(promise: nil)
        }
        defer { silence.cancel() }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if let json { channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(string: json))), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return try await promise.futureResult.get()
    }
}

/// Gathers one answer.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let promise: EventLoopPromise<LoopbackExchange.Answer>
    private var status = 0
    private var body = ByteBuffer()

    init(_ promise: EventLoopPromise<LoopbackExchange.Answer>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = Int(head.status.code)
        case .body(var bytes):
            guard body.readableBytes + bytes.readableBytes <= LoopbackExchange.limit else {
                return end(context, .failure(LoopbackExchange.Failure.tooLong))
            }
            body.writeBuffer(&bytes)
        case .end:
            end(context, .success(LoopbackExchange.Answer(status: status, text: String(buffer: body))))
        }
    }

    func channelInactive(context: ChannelHandlerContext) { promise.fail(LoopbackExchange.Failure.cutOff) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(context, .failure(error)) }

    /// Only the first ending of a promise counts.
    private func end(_ context: ChannelHandlerContext, _ result: Result<LoopbackExchange.Answer, any Error>) {
        promise.completeWith(result)
        context.close(promise: nil)
    }
}
