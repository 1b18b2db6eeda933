import Foundation
import NIOCore
import NIOPosix
import SSHTransport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct ForwardTests {
    /// A forward under way, its events kept.
    struct Running {
        let port: Int
        let task: Task<Void, any Error>
        let events: Events

        static func start(_ connection: SSHConnection, to target: SSHEndpoint) async throws -> Running {
            let events = Events()
            let task = Task { try await connection.forward(to: target) { events.add($0) } }
            try await eventually("it listens") { events.port != nil }
            return Running(port: try #require(events.port), task: task, events: events)
        }
    }

    final class Events: Sendable {
        private let all = Mutex<[SSHForwardEvent]>([])
        func add(_ event: SSHForwardEvent) { all.withLock { $0.append(event) } }
        func contains(_ event: SSHForwardEvent) -> Bool { all.withLock { $0.contains(event) } }

        var port: Int? {
            guard case .listening(let endpoint) = all.withLock({ $0.first }) else { return nil }
            return endpoint.port
        }

        func failure(of number: Int) -> SSHError? {
            all.withLock { events in
                for case .failed(number, let error) in events { return error }
                return nil
            }
        }
    }

    func client(_ port: Int) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
    }

    /// Sends all, ends its direction, returns what comes until the other side ends too.
    func exchange(_ port: Int, _ bytes: [UInt8]) async throws -> [UInt8] {
        try await client(port).executeThenClose { inbound, outbound in
            async let sending: Void = {
                try await outbound.write(ByteBuffer(bytes: bytes))
                outbound.finish()
            }()
            var answer: [UInt8] = []
            for try await piece in inbound { answer.append(contentsOf: piece.readableBytesView) }
            try await sending
            return answer
        }
    }

    @Test func manyConnectionsAtOnce() async throws {
        let target = try await Target.start(.echo)
        try await SSHServer().withConnection { connection async throws -> Void in
            let forward = try await Running.start(connection, to: target.endpoint)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...16 {
                    group.addTask { () async throws -> Void in
                        let bytes = noise(number * 50_000, seed: UInt64(number))
                        #expect(hash(try await exchange(forward.port, bytes)) == hash(bytes))
                    }
                }
                try await group.waitForAll()
            }
            for number in 1...16 {
                try await eventually("the end is told") { forward.events.contains(.closed(number)) }
            }
            forward.task.cancel()
            try await forward.task.value
            await #expect(throws: (any Error).self, "the port is closed") { _ = try await exchange(forward.port, [1]) }
            #expect(try await connection.collect("exit 3").exit == .status(3))
        }
        try await target.stop()
    }

    @Test func halfCloseIsCarriedBothWays() async throws {
        let target = try await Target.start(.count)
        try await SSHServer().withConnection { connection async throws -> Void in
            let forward = try await Running.start(connection, to: target.endpoint)
            let answer = try await exchange(forward.port, noise(123_456, seed: 5))
            #expect(String(decoding: answer, as: UTF8.self) == "123456")
            forward.task.cancel()
            try await forward.task.value
        }
        try await target.stop()
    }

    @Test func nothingIsLostToASlowReaderThatHasEndedItsSide() async throws {
        let target = try await Target.start(.echo)
        try await SSHServer().withConnection { connection async throws -> Void in
            let forward = try await Running.start(connection, to: target.endpoint)
            for round in 1...5 {
                let bytes = noise(400_000, seed: UInt64(round))
                let slow = try await client(forward.port)
                try await slow.channel.setOption(.socketOption(.so_rcvbuf), value: 4096).get()
                let answer = try await slow.executeThenClose { inbound, outbound in
                    async let sending: Void = {
                        try await outbound.write(ByteBuffer(bytes: bytes))
                        outbound.finish()
                    }()
                    var answer: [UInt8] = []
                    for try await piece in inbound {
                        answer.append(contentsOf: piece.readableBytesView)
                        for _ in 0..<50 { await Task.yield() }
                    }
                    try await sending
                    return answer
                }
                #expect(answer.count == bytes.count)
                #expect(hash(answer) == hash(bytes))
            }
            forward.task.cancel()
            try await forward.task.value
        }
        try await target.stop()
    }

    @Test func resetOfOneTouchesNoOther() async throws {
        let target = try await Target.start(.echo)
        try await SSHServer().withConnection { connection async throws -> Void in
            let forward = try await Running.start(connection, to: target.endpoint)
            let broken = try await client(forward.port)
            try await broken.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "x"))
                for try await _ in inbound { break }
                let options = broken.channel as? any SocketOptionProvider
                try await options?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
                try await broken.channel.close().get()
            }
            try await eventually("the reset is told") { forward.events.failure(of: 1) != nil }
            #expect(try await exchange(forward.port, [1, 2, 3]) == [1, 2, 3])
            forward.task.cancel()
            try await forward.task.value
        }
        try await eventually("all tunnels have gone") { target.connections == 0 }
        try await target.stop()
    }

    @Test func refusedTargetEndsOnlyThatConnection() async throws {
        // Of an address where nobody else listens.
        let port = try await SSHServer.freePort(host: "127.86.0.1")
        try await SSHServer().withConnection { connection async throws -> Void in
            let forward = try await Running.start(connection, to: SSHEndpoint(host: "127.86.0.1", port: port))
            for number in 1...3 {
                #expect(try await exchange(forward.port, []).isEmpty)
                try await eventually("the refusal is told") {
                    forward.events.failure(of: number)?.code == .channelFailed
                }
            }
            forward.task.cancel()
            try await forward.task.value
        }
    }

    @Test func lossEndsTheForward() async throws {
        let server = try await SSHServer()
        let relay = try await Relay.start(to: server)
        let target = try await Target.start(.echo)
        try await server.withConnection(relay: relay) { connection async throws -> Void in
            let forward = try await Running.start(connection, to: target.endpoint)
            try await client(forward.port).executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "x"))
                for try await _ in inbound { break }
                try await relay.reset()
                let error = await #expect(throws: SSHError.self) { try await forward.task.value }
                #expect(error?.code == .connectionLost)
            }
        }
        try await relay.stop()
        try await target.stop()
    }

    @Test func takenPort() async throws {
        let target = try await Target.start(.echo)
        try await SSHServer().withConnection { connection async throws -> Void in
            let error = await #expect(throws: SSHError.self) {
                try await connection.forward(from: target.endpoint, to: target.endpoint) { _ in }
            }
            #expect(error?.code == .cannotListen)
        }
        try await target.stop()
    }
}
