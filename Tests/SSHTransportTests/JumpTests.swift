import Foundation
import NIOCore
import SSHTransport
import Testing

@Suite(.timeLimit(.minutes(2))) struct JumpTests {
    func failure(_ body: () async throws -> Void) async -> SSHError? {
        await #expect(throws: SSHError.self) { try await body() }
    }

    @Test func throughTwoHosts() async throws {
        let servers = [try await SSHServer(), try await SSHServer(), try await SSHServer()]
        let first = try await servers[0].connect()
        let second = try await servers[1].connect(through: first)
        let third = try await servers[2].connect(through: second)
        #expect(third.hostKey == servers[2].hostKey)
        let bytes = noise(4 << 20, seed: 21)
        let (exit, output) = try await third.collect("cat; exit 4", stdin: .bytes(ByteBuffer(bytes: bytes)))
        #expect(exit == .status(4))
        #expect(hash(output.out) == hash(bytes))
        // All three are usable at once, and the inner ones end without the outer ones.
        async let outer = first.collect("exit 1").exit
        async let inner = second.collect("exit 2").exit
        #expect(try await outer == .status(1))
        #expect(try await inner == .status(2))
        await third.close()
        #expect(try await second.collect("exit 2").exit == .status(2))
        await second.close()
        #expect(try await first.collect("exit 1").exit == .status(1))
        await first.close()
    }

    @Test func lossOfTheJumpNamesIt() async throws {
        let outer = try await SSHServer()
        let inner = try await SSHServer()
        let relay = try await Relay.start(to: outer)
        let jump = try await outer.connect(relay: relay)
        let connection = try await inner.connect(through: jump)
        let (started, announce) = AsyncStream<Void>.makeStream()
        async let error = failure {
            _ = try await connection.execute("echo started; sleep 30") { _ in announce.yield() }
        }
        for await _ in started { break }
        try await relay.reset()
        let seen = await error
        #expect(seen?.code == .jumpFailed)
        #expect(seen?.message.contains("127.0.0.1:\(relay.port)") == true)
        #expect(await failure { _ = try await connection.collect("true") }?.code == .jumpFailed)
        await connection.close()
        await jump.close()
        try await relay.stop()
    }

    @Test func closingTheJumpEndsTheInner() async throws {
        let jump = try await SSHServer().connect()
        let connection = try await SSHServer().connect(through: jump)
        await jump.close()
        #expect(await connection.whenLost()?.code == .jumpFailed)
        await connection.close()
    }

    @Test func lossOfTheInnerLeavesTheJump() async throws {
        let inner = try await SSHServer()
        try await SSHServer().withConnection { jump async throws -> Void in
            let connection = try await inner.connect(through: jump)
            let error = await failure { _ = try await connection.collect("kill -9 $PPID; sleep 30") }
            #expect(error?.code == .connectionLost)
            #expect(try await jump.collect("exit 3").exit == .status(3))
            await connection.close()
        }
    }

    @Test func targetsThatCannotBeReached() async throws {
        // Of an address where nobody else listens.
        let port = try await SSHServer.freePort(host: "127.86.0.1")
        let silent = try await Target.start(.count)
        try await SSHServer().withConnection { jump async throws -> Void in
            let refused = await failure { try await connect(SSHEndpoint(host: "127.86.0.1", port: port), jump) }
            #expect(refused?.code == .unreachable)
            #expect(refused?.message.contains("jump host") == true)
            let mute = await failure { try await connect(silent.endpoint, jump) }
            #expect(mute?.code == .timedOut)
            #expect(try await jump.collect("exit 3").exit == .status(3))
        }
        try await eventually("the tunnel has gone") { silent.connections == 0 }
        try await silent.stop()
        try await SSHServer(settings: ["AllowTcpForwarding no"]).withConnection { jump async throws -> Void in
            let forbidden = await failure { try await connect(SSHEndpoint(host: "127.86.0.1", port: port), jump) }
            #expect(forbidden?.code == .jumpFailed)
        }
    }

    private func connect(_ endpoint: SSHEndpoint, _ jump: SSHConnection) async throws {
        let key = SSHPrivateKey.generateEd25519(comment: "")
        let connection = try await SSHConnection.connect(
            to: endpoint, through: jump, credential: .privateKey(user: "nobody", key), hostKey: .pinned(key.publicKey),
            configuration: .init(handshakeTimeout: .milliseconds(300)), logger: quiet)
        await connection.close()
    }

    /// The inner side reads slowly: the tunnel's window closes, nobody's memory grows, the jump host stays usable.
    @Test func slowInnerReader() async throws {
        let inner = try await SSHServer()
        try await SSHServer().withConnection { jump async throws -> Void in
            let connection = try await inner.connect(through: jump)
            let (gate, open) = AsyncStream<Void>.makeStream()
            let collector = Collector()
            async let exit = connection.execute("head -c 30000000 /dev/zero") { output in
                if collector.out.isEmpty { for await _ in gate { break } }
                collector.take(output)
            }
            for _ in 0..<10 { #expect(try await jump.collect("exit 3").exit == .status(3)) }
            open.finish()
            #expect(try await exit == .status(0))
            #expect(collector.out.count == 30_000_000)
            await connection.close()
        }
    }
}
