import Foundation
import NIOCore
import Testing

@testable import SSHTransport

@Suite(.timeLimit(.minutes(2))) struct ProcessTests {
    func failure(_ body: () async throws -> Void) async -> SSHError? {
        await #expect(throws: SSHError.self) { try await body() }
    }

    @Test func streamsAtOnceAndExit() async throws {
        let bytes = noise(4 << 20, seed: 31)
        try await SSHServer().withConnection { connection async throws -> Void in
            let exit = try await connection.withProcess(.shell("tee /dev/stderr; exit 9")) { process in
                async let out = process.stdout.collect()
                async let err = process.stderr.collect()
                #expect(try await process.stdin.write(ByteBuffer(bytes: bytes)))
                await process.stdin.finish()
                #expect(hash(try await out) == hash(bytes))
                #expect(hash(try await err) == hash(bytes))
                return try await process.exit
            }
            #expect(exit == .status(9))
            #expect(try await connection.collect("exit 2").exit == .status(2))
        }
    }

    @Test func outputIsReadAfterTheEnd() async throws {
        try await SSHServer().withConnection { connection async throws -> Void in
            try await connection.withProcess(.shell("echo out; echo err >&2; kill -TERM $$")) {
                process async throws -> Void in
                #expect(try await process.exit == .signal("TERM"))
                #expect(try await process.stderr.text() == "err\n")
                #expect(try await process.stdout.text() == "out\n")
                #expect(try await process.stdout.text() == "")
                #expect(try await process.stdin.write(ByteBuffer(string: "late")) == false)
                #expect(try await process.exit == .signal("TERM"))
            }
        }
    }

    @Test func inputAndOutputTakeTurns() async throws {
        try await SSHServer().withConnection { connection async throws -> Void in
            try await connection.withProcess(.program(["sh", "-c", "while read l; do echo \"<$l>\"; done"])) {
                process in
                var lines = process.stdout.makeAsyncIterator()
                for number in 1...20 {
                    try await process.stdin.write(ByteBuffer(string: "\(number)\n"))
                    #expect(try await lines.next() == ByteBuffer(string: "<\(number)>\n"))
                }
                await process.stdin.finish()
                #expect(try await lines.next() == nil)
                #expect(try await process.exit == .status(0))
            }
        }
    }

    @Test func wordsArriveExactly() async throws {
        let words = [
            "", " ", "a b", "'", "''", "it's", "\\", "\\n", "!", "a!b", "$HOME", "`id`", "$(id)", "*", "~", "#", "-n",
            "\n",
            "\t", "a\nb", "ä€😀", "\"", ";", "&", "|", "<", "x=1", "{a,b}", "\u{1}\u{7f}",
        ]
        try await SSHServer().withConnection { connection async throws -> Void in
            for environment in [[:], ["A_B": "it's \\ $x\n!", "EMPTY": ""]] {
                let printed = try await connection.withProcess(
                    .program(["printf", "%s\\0"] + words), environment: environment
                ) { try await $0.stdout.text() }
                #expect(printed == words.map { $0 + "\0" }.joined())
            }
            for command in [SSHCommand.program(["env"]), .shell("env")] {
                let value = try await connection.withProcess(command, environment: ["A": "1 2", "LC_B": "x'y"]) {
                    try await $0.stdout.text()
                }
                #expect(value.split(separator: "\n").contains("A=1 2"))
                #expect(value.split(separator: "\n").contains("LC_B=x'y"))
            }
            let missing = try await connection.withProcess(.program(["/nonexistent"])) { try await $0.exit }
            #expect(missing == .status(127))
        }
    }

    @Test(arguments: [
        (SSHCommand.program([]), [:]), (.program(["-x"]), [:]), (.program(["a\0"]), [:]), (.shell("\0"), [:]),
        (.shell("x"), ["1A": ""]), (.shell("x"), ["A=": ""]), (.shell("x"), ["": ""]), (.shell("x"), ["A": "\0"]),
        (.program(["a=b"]), ["A": ""]),
    ])
    func whatCannotBeWritten(command: SSHCommand, environment: [String: String]) throws {
        let error = #expect(throws: SSHError.self) { try command.line(environment: environment) }
        #expect(error?.code == .invalidCommand)
    }

    @Test func terminalWithSizeModesAndResize() async throws {
        let terminal = SSHTerminal(type: "vt100", columns: 132, rows: 43, modes: [.echo: 0, .newlineToCRLF: 0])
        let options = SSHExecOptions(terminal: terminal)
        // A trap runs between two commands of the shell.
        let command = SSHCommand.shell(
            "trap 'stty size; exit 7' WINCH; echo $TERM; stty size; while :; do sleep 0.05; done")
        try await SSHServer().withConnection { connection async throws -> Void in
            try await connection.withProcess(command, options: options) { process async throws -> Void in
                var lines = process.stdout.makeAsyncIterator()
                var text = ""
                while !text.hasSuffix("43 132\n") { text += String(buffer: try #require(try await lines.next())) }
                #expect(text == "vt100\n43 132\n")
                await process.resize(columns: 100, rows: 30)
                while !text.hasSuffix("30 100\n") { text += String(buffer: try #require(try await lines.next())) }
                #expect(try await process.exit == .status(7))
            }
        }
    }

    @Test func readerBehindAnUnreadStreamIsTold() async throws {
        var options = SSHExecOptions(window: 64 << 10)
        options.stallLimit = .milliseconds(100)
        let command = SSHCommand.shell("head -c 1000000 /dev/zero >&2; echo end")
        try await SSHServer().withConnection { [options] connection async throws -> Void in
            try await connection.withProcess(command, options: options) { process async throws -> Void in
                let error = await failure { _ = try await process.stdout.text() }
                #expect(error?.code == .channelFailed)
                #expect(error?.message.contains("read both") == true)
            }
            try await connection.withProcess(command, options: options) { process async throws -> Void in
                #expect(await failure { _ = try await process.exit }?.code == .channelFailed)
            }
            // A reader that is slow, but there, is nobody's end.
            try await connection.withProcess(command, options: options) { process async throws -> Void in
                var errors = process.stderr.makeAsyncIterator()
                var count = try #require(try await errors.next()).readableBytes
                async let out = process.stdout.text()
                for _ in 0..<10 { _ = try await connection.collect("sleep 0.05") }
                while let piece = try await errors.next() { count += piece.readableBytes }
                #expect(count == 1_000_000)
                #expect(try await out == "end\n")
            }
        }
    }

    @Test func cancelledReadAndScope() async throws {
        try await SSHServer().withConnection { connection async throws -> Void in
            try await connection.withProcess(.shell("read l; echo $l; sleep 30")) { process async throws -> Void in
                let reading = Task { try await process.stdout.text() }
                let ending = Task { try await process.exit }
                reading.cancel()
                ending.cancel()
                #expect(await failure { _ = try await reading.value }?.code == .cancelled)
                #expect(await failure { _ = try await ending.value }?.code == .cancelled)
                try await process.stdin.write(ByteBuffer(string: "still\n"))
                var lines = process.stdout.makeAsyncIterator()
                #expect(try await lines.next() == ByteBuffer(string: "still\n"))
            }
            let (started, announce) = AsyncStream<Void>.makeStream()
            let task = Task {
                try await connection.withProcess(.shell("echo x; exec sleep 30")) { process async throws -> Void in
                    for try await _ in process.stdout { announce.yield() }
                }
            }
            for await _ in started { break }
            task.cancel()
            #expect(await failure { try await task.value }?.code == .cancelled)
        }
    }

    /// 300 MB pass while a second command's output waits unread: what is held never exceeds the windows.
    @Test func memoryStaysWithinTheWindows() async throws {
        try await SSHServer().withConnection { connection async throws -> Void in
            let window = 256 << 10
            let total = 300_000_000
            try await connection.withProcess(.shell("yes"), options: .init(window: window)) {
                unread async throws -> Void in
                var first = unread.stdout.makeAsyncIterator()
                _ = try await first.next()
                let (most, count) = try await connection.withProcess(
                    .program(["head", "-c", "\(total)", "/dev/zero"]), options: .init(window: window)
                ) { process in
                    var most = 0
                    var count = 0
                    for try await piece in process.stdout {
                        count += piece.readableBytes
                        let held = await connection.bytesHeld
                        most = Swift.max(most, held)
                    }
                    return (most, count)
                }
                #expect(count == total)
                // Both windows with what libssh2 adds per packet, and what the socket has handed over undecoded.
                #expect(most < 4 * window + (1 << 20))
            }
        }
    }
}

extension SSHConnection {
    var bytesHeld: Int { bound.value.session.memoryUsed + bound.value.wire.inbound.readableBytes }
}

extension SSHProcess.Output {
    func collect() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in self { bytes.append(contentsOf: piece.readableBytesView) }
        return bytes
    }

    func text() async throws -> String {
        String(decoding: try await collect(), as: UTF8.self)
    }
}
