import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Keeper

@Suite struct LoopbackExchangeTests {
    /// A server that answers every connection with these bytes.
    private func withServer(
        saying text: String, ends: Bool = true, _ body: (_ url: String) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Parrot(text: text, ends: ends))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        do {
            try await body("http://127.0.0.1:\(port)")
        } catch {
            try? await server.close()
            throw error
        }
        try await server.close()
    }

    private func ask(
        _ url: String, json: String? = nil, patience: TimeAmount = .seconds(10)
    ) async throws -> LoopbackExchange.Answer {
        try await LoopbackExchange.perform(
            json == nil ? .GET : .POST, "/status", at: url, token: "t", json: json, patience: patience)
    }

    @Test func bringsStatusAndBody() async throws {
        try await withServer(saying: "HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\nhello") { url in
            let answer = try await ask(url, json: "{}")
            #expect(answer.status == 201)
            #expect(answer.text == "hello")
        }
    }

    @Test func silenceIsToldFromACutAnswerAndFromGarbage() async throws {
        let half = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhel"
        try await withServer(saying: half, ends: false) { url in
            let error = await #expect(throws: LoopbackExchange.Failure.self) {
                try await ask(url, patience: .milliseconds(100))
            }
            guard case .silence = error else { throw error ?? LoopbackExchange.Failure.cutOff }
        }
        try await withServer(saying: half) { url in
            let error = await #expect(throws: (any Error).self) { try await ask(url) }
            if case .silence? = error as? LoopbackExchange.Failure {
                Issue.record("a cut answer was taken for silence")
            }
        }
        try await withServer(saying: "SSH-2.0-OpenSSH_9.2\r\n", ends: false) { url in
            let error = await #expect(throws: (any Error).self) { try await ask(url) }
            if case .silence? = error as? LoopbackExchange.Failure { Issue.record("garbage was taken for silence") }
        }
    }

    @Test func nothingListensOrNoAddress() async throws {
        var url = ""
        try await withServer(saying: "") { url = $0 }
        await #expect(throws: (any Error).self) { try await ask(url) }
        for wrong in ["", "ftp://127.0.0.1:1", "http://127.0.0.1", "http://127.0.0.1:port"] {
            await #expect(throws: LoopbackExchange.Failure.self, "\(wrong)") { try await ask(wrong) }
        }
    }
}

/// Says its text once something was asked.
private final class Parrot: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let text: String
    private let ends: Bool

    init(text: String, ends: Bool) {
        self.text = text
        self.ends = ends
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        if ends { context.close(promise: nil) }
    }
}
