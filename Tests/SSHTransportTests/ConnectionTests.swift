import Foundation
import NIOCore
import NIOPosix
import SSHTransport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct ConnectionTests {
    func failure(_ body: () async throws -> Void) async -> SSHError? {
        await #expect(throws: SSHError.self) { try await body() }
    }

    /// A listener that treats each connection as told.
    func listener(_ onAccept: @escaping @Sendable (any Channel) -> Void) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                onAccept(channel)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func connect(port: Int, _ configuration: SSHConfiguration = .init(), host: String = "127.0.0.1") async throws {
        let key = SSHPrivateKey.generateEd25519(comment: "")
        let connection = try await SSHConnection.connect(
            to: SSHEndpoint(host: host, port: port), credential: .privateKey(user: "nobody", key),
            hostKey: .pinned(key.publicKey), configuration: configuration, logger: quiet)
        await connection.close()
    }

    @Test(arguments: ["ed25519", "ecdsa"])
    func pinnedAndAcceptedKeys(kind: String) async throws {
        let server = try await SSHServer(hostKeyKind: kind)
        let pinned = try await server.connect()
        #expect(pinned.hostKey == server.hostKey)
        await pinned.close()
        let seen = Mutex<SSHPublicKey?>(nil)
        let accepted = try await server.connect(
            hostKey: .accept { key in
                seen.withLock { $0 = key }; return true
            })
        #expect(seen.withLock { $0 } == server.hostKey)
        await accepted.close()
        let error = await failure { await (try server.connect(hostKey: .accept { _ in false })).close() }
        #expect(error?.code == .hostKeyMismatch)
    }

    /// Each turn is wrapped once, from the login on, and one connection's turns lie within those of the one it runs through.
    @Test func anObserverIsAroundWhatIsDoneWithTheServersBytes() async throws {
        let server = try await SSHServer()
        let seen = Mutex((depth: 0, deepest: 0, turns: 0))
        let observer = SSHObserver { body in
            seen.withLock {
                $0.depth += 1
                $0.turns += 1
                $0.deepest = max($0.deepest, $0.depth)
            }
            body()
            seen.withLock { $0.depth -= 1 }
        }
        let jump = try await server.connect(configuration: SSHConfiguration(observer: observer))
        let login = seen.withLock { $0 }
        #expect(login.turns > 2 && login.deepest == 1)
        let inner = try await server.connect(configuration: SSHConfiguration(observer: observer), through: jump)
        let (exit, output) = try await inner.collect("echo hello")
        #expect(exit == .status(0) && output.outText == "hello\n")
        #expect(seen.withLock { $0.deepest } == 2 && seen.withLock { $0.turns } > login.turns + 5)
        await inner.close()
        await jump.close()
    }

    @Test(arguments: [256, 384, 521])
    func ecdsaUserKeys(bits: Int) async throws {
        let server = try await SSHServer()
        let file = server.folder.appending(path: "user").path
        try run("ssh-keygen", "-q", "-t", "ecdsa", "-b", "\(bits)", "-N", "", "-f", file)
        let key = try SSHPrivateKey(openSSHPEM: String(contentsOfFile: file, encoding: .utf8))
        try (key.publicKey.openSSH + "\n").write(
            to: server.folder.appending(path: "authorized_keys"), atomically: true, encoding: .utf8)
        let connection = try await server.connect(key: key)
        #expect(try await connection.collect("exit 9").exit == .status(9))
        await connection.close()
    }

    @Test func otherHostKeyIsRefusedBeforeTheUserIsNamed() async throws {
        let server = try await SSHServer()
        let other = SSHPrivateKey.generateEd25519(comment: "").publicKey
        let error = await failure { await (try server.connect(hostKey: .pinned(other))).close() }
        #expect(error?.code == .hostKeyMismatch)
        #expect(error?.message.contains(server.hostKey.fingerprint) == true)
    }

    @Test func otherUserKeyIsRefused() async throws {
        let server = try await SSHServer()
        let error = await failure { await (try server.connect(key: .generateEd25519(comment: ""))).close() }
        #expect(error?.code == .authenticationRefused)
    }

    @Test func nothingListens() async throws {
        let port = try await SSHServer.freePort()
        #expect(await failure { try await connect(port: port) }?.code == .connectionRefused)
        #expect(await failure { try await connect(port: port, host: "localhost") }?.code == .connectionRefused)
        #expect(await failure { try await connect(port: 0) }?.code == .unreachable)
    }

    @Test func peerThatClosesAtOnce() async throws {
        let listener = try await listener { $0.eventLoop.execute { [channel = $0] in channel.close(promise: nil) } }
        let port = try #require(listener.localAddress?.port)
        let error = await failure { try await connect(port: port) }
        #expect(error?.code == .closedBeforeBanner, "\(error as Any)")
        try await listener.close().get()
    }

    @Test func peerThatSaysNothing() async throws {
        let listener = try await listener { _ in }
        let port = try #require(listener.localAddress?.port)
        let error = await failure {
            try await connect(port: port, SSHConfiguration(handshakeTimeout: .milliseconds(200)))
        }
        #expect(error?.code == .timedOut)
        try await listener.close().get()
    }

    @Test func peerThatIsNoSSHServer() async throws {
        let listener = try await listener { channel in
            let noise = ByteBuffer(string: "SSH-2.0-Pretender\r\n" + String(repeating: "x", count: 4096))
            channel.eventLoop.execute { channel.writeAndFlush(noise, promise: nil) }
        }
        let port = try #require(listener.localAddress?.port)
        let error = await failure {
            try await connect(port: port, SSHConfiguration(handshakeTimeout: .seconds(5)))
        }
        #expect([.protocolError, .timedOut].contains(error?.code))
        try await listener.close().get()
    }

    @Test func cancelledLogin() async throws {
        let (accepted, announce) = AsyncStream<Void>.makeStream()
        let listener = try await listener { _ in announce.yield() }
        let port = try #require(listener.localAddress?.port)
        let task = Task { try await connect(port: port) }
        for await _ in accepted { break }
        task.cancel()
        #expect(await failure { try await task.value }?.code == .cancelled)
        try await listener.close().get()
    }

    @Test func resetFailsEveryCommand() async throws {
        let server = try await SSHServer()
        let relay = try await Relay.start(to: server)
        try await server.withConnection(relay: relay) { connection async throws -> Void in
            let (started, announce) = AsyncStream<Void>.makeStream()
            try await withThrowingTaskGroup(of: SSHError?.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        await failure {
                            _ = try await connection.execute("echo started; sleep 30") { _ in announce.yield() }
                        }
                    }
                }
                var count = 0
                for await _ in started { count += 1; if count == 3 { break } }
                try await relay.reset()
                for try await error in group { #expect(error?.code == .connectionLost) }
            }
            #expect(await failure { _ = try await connection.collect("true") }?.code == .connectionLost)
        }
        try await relay.stop()
    }

    @Test func serverKilledUnderACommand() async throws {
        let server = try await SSHServer()
        try await server.withConnection { connection async throws -> Void in
            // $PPID is the session's sshd: killing it is what an out-of-memory kill looks like.
            let error = await failure { _ = try await connection.collect("kill -9 $PPID; sleep 30") }
            #expect(error?.code == .connectionLost)
        }
    }

    @Test func silenceIsLoss() async throws {
        let server = try await SSHServer()
        let relay = try await Relay.start(to: server)
        let configuration = SSHConfiguration(keepaliveInterval: .milliseconds(200), keepaliveLimit: 2)
        try await server.withConnection(configuration: configuration, relay: relay) {
            connection async throws -> Void in
            let error = await failure {
                _ = try await connection.execute("echo started; sleep 30") { _ in relay.fallSilent() }
            }
            #expect(error?.code == .connectionLost)
            #expect(error?.message.contains("not answered") == true)
        }
        try await relay.stop()
    }

    @Test func quietCommandsAndIdleConnectionsLiveOn() async throws {
        let server = try await SSHServer(settings: ["ClientAliveInterval 1", "ClientAliveCountMax 1"])
        let configuration = SSHConfiguration(keepaliveInterval: .milliseconds(100), keepaliveLimit: 5)
        try await server.withConnection(configuration: configuration) { connection async throws -> Void in
            #expect(try await connection.collect("sleep 2.5; exit 2").exit == .status(2))
            // Nothing runs for longer than the server waits for a sign of life.
            try await Task.sleep(for: .milliseconds(2500))
            #expect(try await connection.collect("exit 3").exit == .status(3))
        }
    }

    @Test func closeEndsCommands() async throws {
        let connection = try await SSHServer().connect()
        let (started, announce) = AsyncStream<Void>.makeStream()
        async let error = failure { _ = try await connection.execute("echo x; sleep 30") { _ in announce.yield() } }
        for await _ in started { break }
        await connection.close()
        #expect(await error?.code == .closed)
        #expect(await failure { _ = try await connection.collect("true") }?.code == .closed)
        await connection.close()
    }

    @Test func hundredConnectionsOnOneLoopLeaveNothing() async throws {
        let server = try await SSHServer()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connections = try await withThrowingTaskGroup(of: SSHConnection.self) { tasks in
            for _ in 0..<100 { tasks.addTask { try await server.connect(group: group) } }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(try server.sockets() == 100)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for (number, connection) in connections.enumerated() {
                tasks.addTask { () async throws -> Void in
                    #expect(try await connection.collect("exit \(number)").exit == .status(Int32(number)))
                    await connection.close()
                }
            }
            try await tasks.waitForAll()
        }
        #expect(try server.sockets() == 0)
        try await group.shutdownGracefully()
    }

    @Test func connectionLetGoIsClosed() async throws {
        let server = try await SSHServer()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let connection = try await server.connect(group: group)
            #expect(try await connection.collect("true").exit == .status(0))
        }
        // Hangs if a channel were still open and refused to go.
        try await group.shutdownGracefully()
    }
}
