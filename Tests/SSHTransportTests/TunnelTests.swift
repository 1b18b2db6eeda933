import Foundation
import NIOCore
import SSHTransport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct TunnelTests {
    func failure(_ body: () async throws -> Void) async -> SSHError? {
        await #expect(throws: SSHError.self) { try await body() }
    }

    @Test func bytesReturnUnchanged() async throws {
        let target = try await Target.start(.echo)
        let bytes = noise(8 << 20, seed: 11)
        try await SSHServer().withConnection { connection async throws -> Void in
            try await connection.withTunnel(to: target.endpoint) { tunnel in
                async let echoed = tunnel.readToEnd()
                var rest = ByteBuffer(bytes: bytes)
                while let piece = rest.readSlice(length: min(300_007, rest.readableBytes)), piece.readableBytes > 0 {
                    try await tunnel.write(piece)
                }
                await tunnel.finish()
                let returned = try await echoed
                #expect(returned.count == bytes.count)
                #expect(hash(returned) == hash(bytes))
            }
            #expect(try await connection.collect("exit 6").exit == .status(6))
        }
        try await target.stop()
    }

    @Test func eachDirectionEndsOnItsOwn() async throws {
        let target = try await Target.start(.count)
        try await SSHServer().withConnection { connection async throws -> Void in
            let tunnel = try await connection.openTunnel(to: target.endpoint)
            try await tunnel.write(ByteBuffer(repeating: 1, count: 100_000))
            await tunnel.finish()
            #expect(String(decoding: try await tunnel.readToEnd(), as: UTF8.self) == "100000")
            #expect(try await tunnel.read() == nil)
            let late = await failure { try await tunnel.write(ByteBuffer(string: "late")) }
            #expect(late?.code == .channelFailed)
            tunnel.close()
            #expect(await failure { _ = try await tunnel.read() }?.code == .closed)
        }
        try await target.stop()
    }

    @Test func targetThatCannotBeReached() async throws {
        // Of an address where nobody else listens.
        let port = try await SSHServer.freePort(host: "127.86.0.1")
        try await SSHServer().withConnection { connection async throws -> Void in
            let error = await failure {
                _ = try await connection.openTunnel(to: SSHEndpoint(host: "127.86.0.1", port: port))
            }
            #expect(error?.code == .channelFailed)
            #expect(error?.message.contains("127.86.0.1:\(port)") == true)
            #expect(error?.message.contains("connect failed") == true)
            #expect(try await connection.collect("exit 5").exit == .status(5))
        }
    }

    @Test func serverThatForbidsTunnels() async throws {
        let target = try await Target.start(.echo)
        try await SSHServer(settings: ["AllowTcpForwarding no"]).withConnection { connection async throws -> Void in
            let error = await failure { _ = try await connection.openTunnel(to: target.endpoint) }
            #expect(error?.code == .channelFailed)
            #expect(error?.message.contains("prohibited") == true)
            #expect(try await connection.collect("exit 5").exit == .status(5))
        }
        #expect(target.connections == 0)
        try await target.stop()
    }

    @Test func slowReaderStopsThePeer() async throws {
        let target = try await Target.start(.flood)
        try await SSHServer().withConnection { connection async throws -> Void in
            try await connection.withTunnel(to: target.endpoint, window: 64 << 10) { tunnel in
                // Others keep the connection busy, which must not open the window of a tunnel that nobody reads.
                for _ in 0..<40 {
                    #expect(try await connection.collect("head -c 500000 /dev/zero").output.out.count == 500_000)
                }
                // The window and the sockets' buffers on the way.
                let before = target.sent
                #expect(before < 24 << 20)
                var got = 0
                while got < before + (32 << 20) { got += try await #require(tunnel.read()).readableBytes }
            }
        }
        try await eventually("the target sees the end") { target.connections == 0 }
        try await target.stop()
    }

    @Test func cancelledReadLosesNothing() async throws {
        let target = try await Target.start(.echo)
        try await SSHServer().withConnection { connection async throws -> Void in
            try await connection.withTunnel(to: target.endpoint) { tunnel in
                let reading = Task { try await tunnel.read() }
                reading.cancel()
                #expect(await failure { _ = try await reading.value }?.code == .cancelled)
                try await tunnel.write(ByteBuffer(string: "still"))
                #expect(try await tunnel.read() == ByteBuffer(string: "still"))
                // Closed under a waiting reader.
                async let error = failure { _ = try await tunnel.read() }
                tunnel.close()
                #expect(await error?.code == .closed)
            }
        }
        try await target.stop()
    }

    @Test func tunnelLetGoIsClosed() async throws {
        let target = try await Target.start(.echo)
        try await SSHServer().withConnection { connection async throws -> Void in
            do {
                let tunnel = try await connection.openTunnel(to: target.endpoint)
                try await tunnel.write(ByteBuffer(string: "x"))
                #expect(try await tunnel.read() != nil)
                #expect(target.connections == 1)
            }
            try await eventually("the tunnel has gone") { target.connections == 0 }
        }
        try await target.stop()
    }

    /// A minute, which is libssh2's own limit.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["MAYFLY_EXHAUSTIVE"] != nil))
    func lateAnswerTouchesNothingElse() async throws {
        let target = try await Target.start(.echo)
        let silent = Mutex<SilentTarget?>(try SilentTarget())
        let swallows = try #require(silent.withLock { $0?.endpoint })
        let configuration = SSHConfiguration(keepaliveInterval: .seconds(1), keepaliveLimit: 3)
        try await SSHServer().withConnection(configuration: configuration) { connection async throws -> Void in
            let tunnel = try await connection.openTunnel(to: target.endpoint)
            let error = await failure { _ = try await connection.openTunnel(to: swallows) }
            #expect(error?.code == .channelFailed)
            #expect(error?.message.contains("has not answered") == true)
            // The next knock of the server is refused, which it tells then.
            silent.withLock { $0 = nil }
            for _ in 0..<8 {
                try await Task.sleep(for: .seconds(1))
                try await tunnel.write(ByteBuffer(string: "x"))
                #expect(try await tunnel.read() == ByteBuffer(string: "x"))
            }
            // Silence of which only a question can tell that it is none.
            try await Task.sleep(for: .seconds(6))
            let next = await failure { _ = try await connection.openTunnel(to: target.endpoint) }
            #expect(next?.message.contains("nothing more can be opened") == true)
            #expect(await !connection.isLost)
            try await tunnel.write(ByteBuffer(string: "y"))
            #expect(try await tunnel.read() == ByteBuffer(string: "y"))
        }
        try await target.stop()
    }

    @Test func lossIsToldToAll() async throws {
        let server = try await SSHServer()
        let relay = try await Relay.start(to: server)
        let target = try await Target.start(.echo)
        try await server.withConnection(relay: relay) { connection async throws -> Void in
            try await connection.withTunnel(to: target.endpoint) { tunnel in
                try await tunnel.write(ByteBuffer(string: "x"))
                #expect(try await tunnel.read() == ByteBuffer(string: "x"))
                async let reading = failure { _ = try await tunnel.read() }
                async let waiting = connection.whenLost()
                try await relay.reset()
                #expect(await reading?.code == .connectionLost)
                #expect(await waiting?.code == .connectionLost)
                #expect(await connection.whenLost()?.code == .connectionLost)
                #expect(await failure { try await tunnel.write(ByteBuffer(string: "y")) }?.code == .connectionLost)
            }
        }
        try await relay.stop()
        try await target.stop()
    }
}
