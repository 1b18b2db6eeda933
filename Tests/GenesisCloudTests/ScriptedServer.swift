import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server on loopback that answers each request as a test says, byte for byte.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        var method: String
        /// Path and query.
        var target: String
        var headers: [String: String]
        var body: String
        /// Which connection it came over, counted from 1.
        var connection: Int
        /// Which request it is, counted from 1.
        var number: Int
    }

    enum Reply: Sendable {
        case json(Int, String, headers: [String: String] = [:])
        /// Exactly these bytes, then the connection is closed.
        case raw(String)
        /// The connection is closed without a byte.
        case hangUp
        /// These bytes, and then nothing more; the connection stays open.
        case stall(String)
        /// Nothing ever comes.
        case silence
    }

    private let script: @Sendable (Request) -> Reply
    private let log = Mutex<[Request]>([])
    private let connections = Mutex(0)
    private let channel = Mutex<(any Channel)?>(nil)

    /// Runs `body` against a server that follows `script`.
    static func run<T>(
        _ script: @escaping @Sendable (Request) -> Reply, _ body: (ScriptedServer) async throws -> T
    ) async throws -> T {
        let server = ScriptedServer(script)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = server.connections.withLock { count in
                        count += 1
                        return count
                    }
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
                        ScriptHandler(server: server, connection: number),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.channel.withLock { $0 = channel }
        do {
            let value = try await body(server)
            try? await channel.close()
            return value
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private init(_ script: @escaping @Sendable (Request) -> Reply) { self.script = script }

    var port: Int { channel.withLock { $0?.localAddress?.port } ?? 0 }
    var requests: [Request] { log.withLock { $0 } }

    fileprivate func reply(to request: Request) -> Reply {
        let numbered = log.withLock { log in
            var request = request
            request.number = log.count + 1
            log.append(request)
            return request
        }
        return script(numbered)
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let server: ScriptedServer
    private let connection: Int
    private var head: HTTPRequestHead?
    private var body = ""

    init(server: ScriptedServer, connection: Int) {
        self.server = server
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ""
        case .body(let bytes):
            body += String(buffer: bytes)
        case .end:
            guard let head else { return }
            let request = ScriptedServer.Request(
                method: head.method.rawValue, target: head.uri,
                headers: Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { $1 }, body: body,
                connection: connection, number: 0)
            send(server.reply(to: request), context)
        }
    }

    private func send(_ reply: ScriptedServer.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .json(let status, let text, let headers):
            var head = "HTTP/1.1 \(status) Scripted\r\nContent-Type: application/json\r\n"
            if status != 204 { head += "Content-Length: \(text.utf8.count)\r\n" }
            for (name, value) in headers.sorted(by: { $0.key < $1.key }) { head += "\(name): \(value)\r\n" }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head + "\r\n" + text)), promise: nil)
        case .raw(let bytes):
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: bytes)))
                .whenComplete { _ in channel.close(promise: nil) }
        case .stall(let bytes):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: bytes)), promise: nil)
        case .hangUp:
            context.close(promise: nil)
        case .silence:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
