import NIOCore
import SSHTransport
import Testing

@Suite(.enabled(if: Dropbear.isPossible), .timeLimit(.minutes(3))) struct DropbearTests {
    @Test func loginAndCommands() async throws {
        let server = try await Dropbear()
        let connection = try await server.connect()
        let (exit, output) = try await connection.collect(
            "printf out; printf err >&2; cat; exit 7", stdin: .bytes(ByteBuffer(string: " and in")))
        #expect(exit == .status(7))
        #expect((output.outText, output.errText) == ("out and in", "err"))
        #expect(try await connection.collect("kill -TERM $$").exit == .signal("TERM"))
        // Several at once on the one connection.
        let ends = try await withThrowingTaskGroup(of: SSHExit.self) { group in
            for number in 1...8 {
                group.addTask { try await connection.collect("sleep 0.1; exit \(number)").exit }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(ends) == Set((1...8).map { .status($0) }))
        await connection.close()
    }

    @Test func aStrangersKeyIsRefused() async throws {
        let server = try await Dropbear()
        let error = await #expect(throws: SSHError.self) {
            try await server.connect(key: .generateEd25519(comment: "other")).close()
        }
        #expect(error?.code == .authenticationRefused)
    }

    @Test func tenMegabytesBothWays() async throws {
        let server = try await Dropbear()
        let connection = try await server.connect()
        let bytes = noise(10_000_000, seed: 5)
        for window in [1 << 17, 2 << 20] {
            let (exit, output) = try await connection.collect(
                "cat", options: SSHExecOptions(window: window), stdin: .bytes(ByteBuffer(bytes: bytes)))
            #expect(exit == .status(0))
            #expect(output.out.count == bytes.count)
            #expect(hash(output.out) == hash(bytes))
        }
        await connection.close()
    }

    @Test func tunnelsAndCancelling() async throws {
        let server = try await Dropbear()
        let target = try await Target.start(.echo)
        let connection = try await server.connect()
        try await connection.withTunnel(to: target.endpoint) { tunnel in
            try await tunnel.write(ByteBuffer(repeating: 3, count: 100_000))
            await tunnel.finish()
            #expect(try await tunnel.readToEnd().count == 100_000)
        }
        let running = Task { try await connection.collect("exec sleep 100") }
        running.cancel()
        await #expect(throws: SSHError.self) { _ = try await running.value }
        #expect(try await connection.collect("exit 3").exit == .status(3))
        await connection.close()
        try await target.stop()
    }
}
