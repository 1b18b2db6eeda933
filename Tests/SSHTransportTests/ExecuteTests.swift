import Foundation
import NIOCore
import NIOPosix
import SSHTransport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct ExecuteTests {
    @Test func exitCodesAndStreams() async throws {
        try await SSHServer().withConnection { connection async throws -> Void in
            for code in [0, 1, 7, 255] as [Int32] {
                let (exit, output) = try await connection.collect("printf out; printf err >&2; exit \(code)")
                #expect(exit == .status(code))
                #expect(output.outText == "out")
                #expect(output.errText == "err")
            }
        }
    }

    @Test func signals() async throws {
        try await SSHServer().withConnection { connection async throws -> Void in
            #expect(try await connection.collect("kill -TERM $$").exit == .signal("TERM"))
            #expect(try await connection.collect("kill -KILL $$").exit == .signal("KILL"))
        }
    }

    @Test func outputMayEndLongBeforeTheCommand() async throws {
        try await SSHServer().withConnection { connection async throws -> Void in
            let input = ByteBuffer(string: "5\n")
            let (exit, _) = try await connection.collect("exec >&- 2>&-; read n; exit $n", stdin: .bytes(input))
            #expect(exit == .status(5))
        }
    }

    @Test func inputComesBackUnchanged() async throws {
        let bytes = noise(8 << 20, seed: 1)
        try await SSHServer().withConnection { connection async throws -> Void in
            let (exit, output) = try await connection.collect("cat", stdin: .bytes(ByteBuffer(bytes: bytes)))
            #expect(exit == .status(0))
            #expect(output.out.count == bytes.count)
            #expect(hash(output.out) == hash(bytes))
            #expect(output.err.isEmpty)
        }
    }

    @Test func bothStreamsAndInputAtOnce() async throws {
        let bytes = noise(8 << 20, seed: 2)
        try await SSHServer().withConnection { connection async throws -> Void in
            let left = Mutex(bytes.count)
            let (exit, output) = try await connection.collect(
                "tee /dev/stderr",
                stdin: .stream {
                    left.withLock { rest in
                        guard rest > 0 else { return nil }
                        let start = bytes.count - rest
                        let piece = bytes[start..<min(start + 100_003, bytes.count)]
                        rest -= piece.count
                        return ByteBuffer(bytes: piece)
                    }
                })
            #expect(exit == .status(0))
            #expect(hash(output.out) == hash(bytes))
            #expect(hash(output.err) == hash(bytes))
        }
    }

    @Test func commandThatDoesNotReadItsInput() async throws {
        try await SSHServer().withConnection { connection async throws -> Void in
            let bytes = ByteBuffer(bytes: noise(8 << 20, seed: 3))
            let (exit, output) = try await connection.collect("echo done; exit 3", stdin: .bytes(bytes))
            #expect(exit == .status(3))
            #expect(output.outText == "done\n")
        }
    }

    @Test func terminalMergesStreams() async throws {
        try await SSHServer().withConnection { connection async throws -> Void in
            let (exit, output) = try await connection.collect(
                "tty >/dev/null && echo yes; echo err >&2", options: .init(pty: true))
            #expect(exit == .status(0))
            #expect(output.outText == "yes\r\nerr\r\n")
        }
    }

    @Test func slowReaderStopsTheCommand() async throws {
        let server = try await SSHServer()
        try await server.withConnection { connection async throws -> Void in
            let progress = server.folder.appending(path: "progress").path
            let (release, go) = AsyncStream<Void>.makeStream()
            let gate = Mutex<AsyncStream<Void>?>(release)
            let collector = Collector()
            // Announces each written MiB; with a window of 64 KiB it cannot announce many.
            let command = "for i in $(seq 32); do head -c 1048576 /dev/zero; echo $i > \(progress); done"
            async let exit = connection.execute(command, options: .init(window: 64 << 10)) { output in
                if let gate = gate.withLock({ $0.take() }) { for await _ in gate { break } }
                collector.take(output)
            }
            // Another command on the same connection is not held up by the slow one.
            #expect(try await connection.collect("echo free").output.outText == "free\n")
            let written = (try? String(contentsOfFile: progress, encoding: .utf8)) ?? "0"
            // What fits without a reader: 64 KiB of window and the pipes' and sockets' buffers, not 32 MiB.
            #expect((Int(written.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) < 8)
            go.finish()
            #expect(try await exit == .status(0))
            #expect(collector.out.count == 32 << 20)
        }
    }

    @Test func consumerErrorEndsOnlyItsCommand() async throws {
        struct Enough: Error {}
        try await SSHServer().withConnection { connection async throws -> Void in
            await #expect(throws: Enough.self) {
                _ = try await connection.execute("yes") { _ in throw Enough() }
            }
            await #expect(throws: Enough.self) {
                _ = try await connection.execute("sleep 100", stdin: .stream { throw Enough() }) { _ in }
            }
            // Also with input that waits for room.
            await #expect(throws: Enough.self) {
                _ = try await connection.execute(
                    "echo x; sleep 100", stdin: .bytes(ByteBuffer(repeating: 1, count: 8 << 20))
                ) { _ in throw Enough() }
            }
            #expect(try await connection.collect("echo still").output.outText == "still\n")
            let long = await #expect(throws: SSHError.self) {
                _ = try await connection.execute("true " + String(repeating: "x", count: 60_000)) { _ in }
            }
            #expect(long?.code == .invalidCommand)
            #expect(try await connection.collect("echo on").output.outText == "on\n")
        }
    }

    @Test func cancellingOneOfTwo() async throws {
        let server = try await SSHServer()
        try await server.withConnection { connection async throws -> Void in
            let (started, announce) = AsyncStream<Void>.makeStream()
            let one = Task {
                try await connection.execute("echo started; sleep 30") { _ in announce.yield() }
            }
            async let two = connection.collect("read line; echo $line", stdin: .stream(Self.after(one)))
            for await _ in started { break }
            one.cancel()
            let error = await #expect(throws: SSHError.self) { try await one.value }
            #expect(error?.code == .cancelled)
            #expect(try await two.output.outText == "after\n")
            #expect(try await connection.collect("exit 4").exit == .status(4))
        }
    }

    /// Input that comes when another command has ended.
    static func after(_ task: Task<SSHExit, any Error>) -> @Sendable () async throws -> ByteBuffer? {
        let isFirst = Mutex(true)
        return {
            guard
                isFirst.withLock({ first in
                    defer { first = false }; return first
                })
            else { return nil }
            _ = await task.result
            return ByteBuffer(string: "after\n")
        }
    }

    @Test func fiftyAtOnce() async throws {
        try await SSHServer().withConnection { connection async throws -> Void in
            try await withThrowingTaskGroup(of: (Int, SSHExit, String).self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let input = SSHInput.bytes(ByteBuffer(string: "in \(number)\n"))
                        let (exit, output) = try await connection.collect("cat; exit \(number)", stdin: input)
                        return (number, exit, output.outText)
                    }
                }
                for try await (number, exit, text) in group {
                    #expect(exit == .status(Int32(number)))
                    #expect(text == "in \(number)\n")
                }
            }
        }
    }

    /// What arrived before the connection broke reaches a reader that comes late.
    @Test func outputBeforeTheLossIsDelivered() async throws {
        let server = try await SSHServer()
        try await server.withConnection { connection async throws -> Void in
            let (first, announce) = AsyncStream<Void>.makeStream()
            let (gone, tell) = AsyncStream<Void>.makeStream()
            let gate = Mutex<AsyncStream<Void>?>(gone)
            let collector = Collector()
            let command = "head -c 1000000 /dev/zero; echo $PPID > \(server.folder.path)/pid; sleep 30"
            let task = Task {
                try await connection.execute(command) { output in
                    announce.yield()
                    if let gate = gate.withLock({ $0.take() }) { for await _ in gate { break } }
                    collector.take(output)
                }
            }
            for await _ in first { break }
            let file = server.folder.appending(path: "pid").path
            try await eventually("all is written") {
                try await connection.collect("true").exit == .status(0)
                    && (try? String(contentsOfFile: file, encoding: .utf8))?.hasSuffix("\n") == true
            }
            // The command has written all; another one's end proves that it has passed the wire before the server dies.
            _ = try? await connection.collect("sleep 0.3; kill -9 $PPID; sleep 30")
            tell.finish()
            let error = await #expect(throws: SSHError.self) { try await task.value }
            #expect(error?.code == .connectionLost)
            #expect(collector.out.count == 1_000_000)
        }
    }

    @Test func serverThatRefusesAnotherChannel() async throws {
        try await SSHServer(settings: ["MaxSessions 1"]).withConnection { connection async throws -> Void in
            let (started, announce) = AsyncStream<Void>.makeStream()
            let (ended, end) = AsyncStream<ByteBuffer>.makeStream()
            async let first = connection.execute(
                "echo started; cat",
                stdin: .stream {
                    for await bytes in ended { return bytes }; return nil
                }
            ) { _ in announce.yield() }
            for await _ in started { break }
            let error = await #expect(throws: SSHError.self) { try await connection.collect("true") }
            #expect(error?.code == .channelFailed)
            end.finish()
            #expect(try await first == .status(0))
        }
    }
}
