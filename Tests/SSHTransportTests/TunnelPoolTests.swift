import Foundation
import NIOCore
import SSHTransport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct TunnelPoolTests {
    static let limits = SSHTunnelPool.Limits(connections: 4, patience: .milliseconds(100), opening: .seconds(3))

    func failure(_ body: () async throws -> Void) async -> SSHError? {
        await #expect(throws: SSHError.self) { try await body() }
    }

    func withPool<Value: Sendable>(
        _ server: SSHServer, _ limits: SSHTunnelPool.Limits = limits,
        _ body: @escaping @Sendable (SSHTunnelPool) async throws -> Value
    ) async throws -> Value {
        let value = try await SSHTunnelPool.with(
            server.connect(), limits: limits, connect: { try await server.connect() }, body)
        #expect(try server.sockets() == 0)
        return value
    }

    func echo(_ tunnel: SSHTunnel) async throws {
        try await tunnel.write(ByteBuffer(string: "here"))
        #expect(try await tunnel.read() == ByteBuffer(string: "here"))
    }

    @Test func silentTargetHoldsUpNobody() async throws {
        let (server, target, silent) = try await (SSHServer(), Target.start(.echo), SilentTarget())
        let quick = target.endpoint
        let beside = try await server.connect()
        try await SSHTunnelPool.with(
            server.connect(), limits: Self.limits, connect: { try await server.connect() }
        ) { pool async throws -> Void in
            let clock = ContinuousClock()
            let began = clock.now
            // More than there are connections: a browser that tries again and again.
            try await withThrowingTaskGroup(of: SSHError?.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        await failure { _ = try await pool.openTunnel(to: silent.endpoint) }
                    }
                }
                for _ in 0..<20 {
                    let tunnel = try await pool.openTunnel(to: quick)
                    try await echo(tunnel)
                    #expect(try await beside.collect("exit 4").exit == .status(4))
                }
                #expect(began.duration(to: clock.now) < .seconds(2.5), "twenty tunnels before one opening is given up")
                for try await error in group {
                    #expect(error?.code == .timedOut)
                    #expect(error?.message.contains("\(silent.endpoint)") == true)
                    #expect(error?.message.contains("within 3.0 seconds") == true)
                }
            }
            let late = began.duration(to: clock.now)
            #expect(late > .seconds(2.9) && late < .seconds(4.5), "each in its own time")
            // What was given up is not kept.
            try await eventually("spoiled connections end") { try server.sockets() <= 1 + Self.limits.connections }
            try await echo(pool.openTunnel(to: quick))
        }
        #expect(try server.sockets() == 1)
        await beside.close()
        try await eventually("all tunnels have gone") { target.connections == 0 }
        try await target.stop()
    }

    @Test func spoiledConnectionCarriesItsTunnelsToTheirEnd() async throws {
        let (server, target, silent) = try await (SSHServer(), Target.start(.echo), SilentTarget())
        let quick = target.endpoint
        try await withPool(server) { pool async throws -> Void in
            let tunnel = try await pool.openTunnel(to: quick)
            #expect(await failure { _ = try await pool.openTunnel(to: silent.endpoint) }?.code == .timedOut)
            try await eventually("another connection is made") { try server.sockets() == 2 }
            try await echo(tunnel)
            let other = try await pool.openTunnel(to: quick)
            tunnel.close()
            try await eventually("the spoiled connection ends") { try server.sockets() == 1 }
            // From now on the silent target gets connections that carry nothing else.
            #expect(await failure { _ = try await pool.openTunnel(to: silent.endpoint) }?.code == .timedOut)
            try await eventually("its connection ends at once") { try server.sockets() == 1 }
            try await echo(other)
        }
        try await target.stop()
    }

    @Test func connectionsAreBounded() async throws {
        let (server, target) = try await (SSHServer(), Target.start(.echo))
        let silent = try [SilentTarget(), SilentTarget(), SilentTarget()]
        let quick = target.endpoint
        var limits = Self.limits
        limits.connections = 2
        limits.opening = .seconds(2)
        try await withPool(server, limits) { pool async throws -> Void in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for target in silent {
                    group.addTask {
                        let error = await failure { _ = try await pool.openTunnel(to: target.endpoint) }
                        #expect(error?.code == .timedOut)
                    }
                }
                try await eventually("both are taken") { try server.sockets() == 2 }
                try await group.waitForAll()
            }
            try await eventually("one is left") { try server.sockets() == 1 }
            try await echo(pool.openTunnel(to: quick))
        }
        try await target.stop()
    }

    @Test func refusalsCostNothing() async throws {
        let server = try await SSHServer()
        let port = try await SSHServer.freePort(host: "127.86.0.1")
        try await withPool(server) { pool async throws -> Void in
            for _ in 0..<20 {
                let error = await failure {
                    _ = try await pool.openTunnel(to: SSHEndpoint(host: "127.86.0.1", port: port))
                }
                #expect(error?.code == .channelFailed)
            }
            #expect(try server.sockets() == 1)
        }
    }

    @Test func cancelledOpening() async throws {
        let (server, target, silent) = try await (SSHServer(), Target.start(.echo), SilentTarget())
        let quick = target.endpoint
        try await withPool(server) { pool async throws -> Void in
            for _ in 0..<3 {
                let opening = Task { try await pool.openTunnel(to: silent.endpoint) }
                try await echo(pool.openTunnel(to: quick))
                opening.cancel()
                #expect(await failure { _ = try await opening.value }?.code == .cancelled)
                let never = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await pool.openTunnel(to: quick)
                }
                #expect(await failure { _ = try await never.value }?.code == .cancelled)
            }
            try await echo(pool.openTunnel(to: quick))
        }
        try await target.stop()
    }

    @Test func withoutAnotherConnectionOpeningsWait() async throws {
        let (server, target, silent) = try await (SSHServer(), Target.start(.echo), SilentTarget())
        let quick = target.endpoint
        let asked = Mutex(0)
        let refused = SSHError(.connectionRefused, "no more")
        let error = await failure {
            try await SSHTunnelPool.with(
                server.connect(), limits: Self.limits,
                connect: {
                    asked.withLock { $0 += 1 }
                    throw refused
                }
            ) { pool async throws -> Void in
                async let silence = failure { _ = try await pool.openTunnel(to: silent.endpoint) }
                try await eventually("another is asked for") { asked.withLock { $0 > 0 } }
                #expect(asked.withLock { $0 } == 1, "once, not in a loop")
                _ = await silence
                // The only connection is spoiled, and there is no other: that is the end.
                _ = try await pool.openTunnel(to: quick)
            }
        }
        #expect(error == refused)
        #expect(try server.sockets() == 0)
        try await target.stop()
    }

    @Test func lossEndsThePool() async throws {
        let (server, target) = try await (SSHServer(), Target.start(.echo))
        let relay = try await Relay.start(to: server)
        let quick = target.endpoint
        let error = await failure {
            try await SSHTunnelPool.with(
                server.connect(relay: relay), limits: Self.limits, connect: { try await server.connect() }
            ) { pool async throws -> Void in
                let tunnel = try await pool.openTunnel(to: quick)
                try await echo(tunnel)
                try await relay.reset()
                // Until cancelled.
                try await Task.sleep(for: .seconds(60))
            }
        }
        #expect(error?.code == .connectionLost)
        try await relay.stop()
        try await target.stop()
    }

    @Test func forwardedPortsOfOnePool() async throws {
        let (server, target, silent) = try await (SSHServer(), Target.start(.echo), SilentTarget())
        let (quick, events) = (target.endpoint, ForwardTests.Events())
        try await withPool(server) { pool async throws -> Void in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let others = ForwardTests.Events()
                group.addTask { try await pool.forward(to: quick) { others.add($0) } }
                group.addTask { try await pool.forward(to: silent.endpoint) { events.add($0) } }
                try await eventually("both listen") { events.port != nil && others.port != nil }
                let ports = (silent: try #require(events.port), quick: try #require(others.port))
                let tests = ForwardTests()
                async let nothing = tests.exchange(ports.silent, [1])
                let began = ContinuousClock.now
                for _ in 0..<20 { #expect(try await tests.exchange(ports.quick, [1, 2, 3]) == [1, 2, 3]) }
                #expect(began.duration(to: .now) < .seconds(2.5))
                #expect(try await nothing.isEmpty)
                try await eventually("the silence is told") { events.failure(of: 1)?.code == .timedOut }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        try await target.stop()
    }
}
