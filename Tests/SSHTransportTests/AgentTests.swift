import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import SSHTransport

@Suite(.timeLimit(.minutes(2))) struct AgentTests {
    func authorize(_ key: SSHPublicKey, at server: SSHServer) throws {
        try (key.openSSH + "\n").write(
            to: server.folder.appending(path: "authorized_keys"), atomically: true, encoding: .utf8)
    }

    func login(
        _ server: SSHServer, _ methods: SSHLoginMethod..., configuration: SSHConfiguration = .init(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> Result<SSHConnection, SSHError> {
        do {
            return .success(
                try await SSHConnection.connect(
                    to: server.endpoint, credential: SSHCredential(user: server.user, methods: methods),
                    hostKey: .pinned(server.hostKey), configuration: configuration, group: group, logger: quiet))
        } catch let error as SSHError {
            return .failure(error)
        }
    }

    func failure(_ result: Result<SSHConnection, SSHError>) -> SSHError? {
        if case .failure(let error) = result { error } else { nil }
    }

    @Test(arguments: [["ed25519"], ["ecdsa", "-b", "256"], ["ecdsa", "-b", "384"], ["ecdsa", "-b", "521"]])
    func keysOfARealAgentLogIn(kind: [String]) async throws {
        let server = try await SSHServer()
        let agent = try await TestAgent()
        _ = try agent.add("rsa", "-b", "2048")
        _ = try agent.add("ed25519")
        let key = try kind.count > 1 ? agent.add(kind[0], kind[1], kind[2]) : agent.add(kind[0])
        let identities = try await agent.agent.identities()
        #expect(identities.count == 3)
        #expect(identities.last == .init(key: key, comment: "in the agent"))
        try authorize(key, at: server)
        let connection = try await login(server, .agent(agent.agent)).get()
        #expect(try await connection.collect("exit 7").exit == .status(7))
        await connection.close()
    }

    @Test func noMoreThanSixKeysAreOffered() async throws {
        let server = try await SSHServer(settings: ["MaxAuthTries 50"])
        let agent = try await TestAgent()
        for _ in 0..<6 { _ = try agent.add("ed25519") }
        try authorize(try agent.add("ed25519"), at: server)
        let error = try await failure(login(server, .agent(agent.agent)))
        #expect(error?.code == .authenticationRefused)
        #expect(error?.message.components(separatedBy: "agent's key SHA256:").count == 7)
        #expect(error?.message.contains("only the first 6 of the agent's 7 keys") == true)
    }

    @Test func agentsWithNothingOfUse() async throws {
        let server = try await SSHServer()
        let agent = try await TestAgent()
        let empty = try await failure(login(server, .agent(agent.agent)))
        #expect(empty?.code == .authenticationRefused)
        #expect(empty?.message.contains("holds no keys") == true)
        _ = try agent.add("rsa", "-b", "2048")
        let rsa = try await failure(login(server, .agent(agent.agent)))
        #expect(rsa?.message.contains("skipped 1 RSA") == true)
        // Whatever the agent lacks, the next method has its turn.
        await (try await login(server, .agent(agent.agent), .privateKey(server.userKey)).get()).close()
    }

    @Test func noAgent() async throws {
        let server = try await SSHServer()
        let nobody = SSHAgent(socketPath: server.folder.appending(path: "none").path)
        #expect(try await failure(login(server, .agent(nobody)))?.code == .agentUnavailable)
        let tooLong = SSHAgent(socketPath: "/" + String(repeating: "x", count: 200))
        #expect(try await failure(login(server, .agent(tooLong)))?.code == .agentUnavailable)
        await (try await login(server, .agent(nobody), .privateKey(server.userKey)).get()).close()
    }

    /// Questions of the protocol: what it lists, and what it signs.
    static func answer(_ question: [UInt8], for key: SSHPrivateKey) throws -> [UInt8] {
        if question == SSHAgentMessage.requestIdentities {
            return Say.message(12) {
                $0.integer(1)
                $0.string(key.publicKey.blob)
                $0.string("c")
            }
        }
        var reader = SSHBlobReader(question.dropFirst())
        _ = reader.string()
        var signature = SSHBlobWriter()
        signature.string(key.publicKey.algorithm)
        signature.string(try key.signature(for: reader.string() ?? []))
        return Say.message(14) { $0.string(signature.bytes) }
    }

    @Test func slowAgentHoldsUpNobodyElse() async throws {
        let server = try await SSHServer()
        let key = server.userKey
        let (asked, announce) = AsyncStream<any Channel>.makeStream()
        let pending = Mutex<[UInt8]>([])
        let agent = try await ScriptedAgent { question, channel in
            guard let answer = try? Self.answer(question, for: key) else { return }
            if question.first == 11 { return channel.writeAndFlush(ScriptedAgent.framed(answer), promise: nil) }
            pending.withLock { $0 = answer }
            announce.yield(channel)
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        async let result = login(server, .agent(agent.agent), group: group)
        for await channel in asked {
            // While the agent thinks, its loop serves others, login and all.
            let other = try await server.connect(group: group)
            #expect(try await other.collect("exit 3").exit == .status(3))
            await other.close()
            // And the answer may come in pieces.
            var answer = ScriptedAgent.framed(pending.withLock { $0 })
            let head = answer.readSlice(length: 2)
            try await channel.writeAndFlush(try #require(head))
            try await channel.writeAndFlush(answer)
            break
        }
        let connection = try await result.get()
        #expect(try await connection.collect("exit 4").exit == .status(4))
        await connection.close()
        try await agent.stop()
        try await group.shutdownGracefully()
    }

    enum Misbehaviour: CaseIterable {
        case saysNothing, closes, sendsTooMuch, sendsNothingLong, refuses, wrongAnswer, wrongSignature
    }

    @Test(arguments: Misbehaviour.allCases, [true, false])
    func agentsThatMisbehave(how: Misbehaviour, already: Bool) async throws {
        let server = try await SSHServer()
        let key = server.userKey
        let agent = try await ScriptedAgent(timeout: how == .saysNothing ? .seconds(2) : .seconds(15)) {
            question, channel in
            if question.first == 11, !already {
                guard let answer = try? Self.answer(question, for: key) else { return }
                return channel.writeAndFlush(ScriptedAgent.framed(answer), promise: nil)
            }
            let answer: ByteBuffer
            switch how {
            case .saysNothing: return
            case .closes: return channel.close(promise: nil)
            case .sendsTooMuch: answer = ByteBuffer(bytes: [0x7f, 0xff, 0xff, 0xff, 12])
            case .sendsNothingLong: answer = ByteBuffer(bytes: [0, 0, 0, 0])
            case .refuses: answer = ScriptedAgent.framed([5])
            case .wrongAnswer: answer = ScriptedAgent.framed([99, 1, 2, 3])
            case .wrongSignature:
                var signature = SSHBlobWriter()
                signature.string("ssh-rsa")
                signature.string([1, 2, 3])
                answer = ScriptedAgent.framed(Say.message(14) { $0.string(signature.bytes) })
            }
            channel.writeAndFlush(answer, promise: nil)
        }
        let error = try await failure(login(server, .agent(agent.agent)))
        #expect(error?.code == (already ? .agentUnavailable : .authenticationRefused), "\(error as Any)")
        #expect(error?.message.contains("ssh-agent") == true)
        // The connection that the agent let down is still good for another method.
        await (try await login(server, .agent(agent.agent), .privateKey(key)).get()).close()
        try await agent.stop()
    }

    @Test func loginEndsBeforeTheAgentAnswers() async throws {
        let server = try await SSHServer()
        let agent = try await ScriptedAgent { _, _ in }
        let error = try await failure(
            login(server, .agent(agent.agent), configuration: SSHConfiguration(handshakeTimeout: .milliseconds(500))))
        #expect(error?.code == .timedOut)
        try await agent.stop()
    }
}
