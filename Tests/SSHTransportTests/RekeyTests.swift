import Foundation
import NIOCore
import Testing

@testable import SSHTransport

/// New keys in the middle of everything: then libssh2 may say "again" to calls that otherwise never do.
@Suite(.timeLimit(.minutes(2))) struct RekeyTests {
    @Test func nothingIsLostInEitherDirection() async throws {
        let bytes = noise(2 << 20, seed: 41)
        let server = try await SSHServer(settings: ["RekeyLimit 256K"])
        try await server.withConnection { connection async throws -> Void in
            let options = SSHExecOptions(window: 64 << 10)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask { () async throws -> Void in
                        let (exit, output) = try await connection.collect(
                            "tee /dev/stderr; exit 5", options: options, stdin: .bytes(ByteBuffer(bytes: bytes)))
                        #expect(exit == .status(5))
                        #expect(hash(output.out) == hash(bytes))
                        #expect(hash(output.err) == hash(bytes))
                    }
                }
                group.addTask { () async throws -> Void in
                    for code in 0..<20 as Range<Int32> {
                        #expect(try await connection.collect("exit \(code)").exit == .status(code))
                    }
                }
                while try await group.next() != nil {}
            }
        }
    }

    @Test func sizesAndTunnels() async throws {
        let target = try await Target.start(.echo)
        let bytes = noise(1 << 20, seed: 42)
        let server = try await SSHServer(settings: ["RekeyLimit 256K"])
        try await server.withConnection { connection async throws -> Void in
            let options = SSHExecOptions(window: 64 << 10, terminal: SSHTerminal())
            let command = SSHCommand.shell(
                "head -c 1000000 /dev/zero; stty size; while :; do sleep 0.05; stty size; done")
            try await connection.withProcess(command, options: options) { process async throws -> Void in
                async let echoed = connection.withTunnel(to: target.endpoint, window: 64 << 10) { tunnel in
                    async let echoed = tunnel.readToEnd()
                    try await tunnel.write(ByteBuffer(bytes: bytes))
                    await tunnel.finish()
                    return try await echoed
                }
                var count = 0
                var text = ""
                for try await piece in process.stdout {
                    count += piece.readableBytesView.count { $0 == 0 }
                    text = String(
                        (text + String(decoding: piece.readableBytesView.filter { $0 > 0 }, as: UTF8.self)).suffix(99))
                    await process.resize(columns: 100, rows: 30)
                    if text.contains("30 100") { break }
                }
                #expect(count == 1_000_000)
                let came = try await echoed
                let place = zip(came, bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset
                #expect(came.count == bytes.count)
                #expect(place == nil)
            }
        }
        try await target.stop()
    }
}
