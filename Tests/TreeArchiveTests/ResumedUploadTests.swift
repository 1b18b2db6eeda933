import Foundation
import OnInstance
import Testing
import TreeArchive

/// An upload that broke and is run again sends only what is not on the instance yet.
@Suite(.timeLimit(.minutes(2)))
struct ResumedUploadTests {
    private let instance: CollectTests.Instance
    private let key = "abc123"
    private var staging: String { instance.work + "/.mayfly-copy." + key }

    init() throws {
        instance = try CollectTests.Instance()
        try instance.scratch.sh(
            """
            mkdir -p src/sub/deep src/empty && cd src
            for n in 1 2 3 4 5 6 7 8; do head -c 50000 /dev/urandom > "sub/file $n"; done
            echo "it's" > "sub/deep/it's odd" && chmod 751 "sub/deep/it's odd" && ln -s ../sub/deep empty/link
            find . -type f -exec touch -d @1000000000.5 {} +
            """)
    }

    private var source: [String] { [instance.scratch.path + "/src"] }

    /// As `mayfly cp` does it: asks, keeps, sends.
    private func run(cutAfter limit: Int = .max) async throws -> (answer: Scratch.Output, bytes: Int, held: Int) {
        let said = try instance.perform(instance.supervisor.staged(at: "dst", key: key))
        #expect(said.code == 0)
        let there = said.bytes.split(separator: UInt8(ascii: "\n")).compactMap { KeptFile(line: $0) }
        let held = try await TreeSender.unchanged(there, of: source)
        if !held.isEmpty {
            let lines = held.flatMap(\.line)
            #expect(try instance.perform(instance.supervisor.keep(lines, at: "dst", key: key)).code == 0)
        }
        let sender = try TreeSender(paths: source, held: held)
        var bytes: [UInt8] = []
        while let piece = try await sender.next() { bytes += piece }
        let sent = Array(bytes.prefix(limit))
        let step = instance.supervisor.take(at: "dst", key: key, goesOn: !held.isEmpty)
        let answer = try instance.perform(RemoteStep(command: step.command + " 2>&1", input: []), input: sent)
        return (answer, sent.count, held.count)
    }

    private func expectSame(but name: String = "dst") throws {
        let listing = "find . \\( -type d -printf '%P/ %m\\n' -o -printf '%P %m %s %l\\n' \\) | LC_ALL=C sort"
        let sums = "find . -type f -exec sha256sum {} + | LC_ALL=C sort"
        for script in [listing, sums] {
            let there = try Scratch.run("cd '\(instance.work)/dst' && \(script)").text
            #expect(try Scratch.run("cd '\(instance.scratch.path)/src' && \(script)").text == there)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: instance.work) == ["dst"])
        let state = try FileManager.default.contentsOfDirectory(atPath: instance.scratch.path + "/state/abcdefgh")
        #expect(!state.contains { $0.hasPrefix("copy.") || $0.hasPrefix("keep.") }, "\(state)")
    }

    @Test func onlyTheRestIsSentAgain() async throws {
        let first = try await run(cutAfter: 230_000)
        #expect(first.answer.code != 0 && first.held == 0)
        let cut = try await run(cutAfter: 100_000)
        #expect(cut.answer.code != 0 && cut.held >= 3)
        let last = try await run()
        #expect(last.answer.text == "verified 9\ntaken\n", "\(last.answer.text)")
        #expect(last.held >= 4 && last.bytes < 280_000, "\(last.held) held, \(last.bytes) bytes")
        try expectSame()
    }

    @Test func whatChangedMeanwhileIsSentAnew() async throws {
        _ = try await run(cutAfter: 230_000)
        try instance.scratch.sh(
            """
            cd src/sub && echo longer >> 'file 1' && chmod 600 'file 2' && rm 'file 3' && mkdir 'file 3'
            rm 'file 4' && ln -s deep 'file 4'
            """)
        let last = try await run()
        #expect(last.answer.text == "verified 7\ntaken\n", "\(last.answer.text)")
        try expectSame()
    }

    @Test func garbageIsNoPartOfIt() async throws {
        _ = try await run(cutAfter: 230_000)
        try instance.scratch.sh(
            """
            cd home/work/.mayfly-copy.\(key) && echo x > more && mkdir -p "od
            d/in" && echo y > "od
            d/in/z" && ln -s /etc/passwd src/sub/link && touch .mayfly-end && rm -f src/sub/'file 1' && mkfifo pipe
            """)
        let last = try await run()
        #expect(last.answer.text == "verified 9\ntaken\n" && last.held > 0, "\(last.answer.text)")
        try expectSame()
    }

    /// Length, second and rights tell most changes; the sum tells all, and then all is sent.
    @Test func whatOnlyLooksTheSameIsFoundOut() async throws {
        _ = try await run(cutAfter: 230_000)
        try instance.scratch.sh(
            """
            cd home/work/.mayfly-copy.\(key)/src/sub && f=$(ls | head -n 1)
            head -c 50000 /dev/zero > "$f" && touch -d @1000000000 "$f"
            """)
        let second = try await run()
        #expect(second.answer.code != 0 && second.answer.text.contains("is not what was sent"), "\(second.answer.text)")
        let third = try await run()
        #expect(third.held == 0 && third.answer.code == 0, "\(third.answer.text)")
        try expectSame()
    }

    @Test func aCopyThatStillRunsIsEndedByTheNext() async throws {
        let input = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // As sshd does it: the command leads a session of its own.
        process.arguments = [
            "-c", "exec setsid -w /bin/sh -c \"$0\"", instance.supervisor.take(at: "dst", key: key).command,
        ]
        process.environment = ProcessInfo.processInfo.environment.merging([
            "HOME": instance.scratch.path + "/home", "MAYFLY_STATE": instance.scratch.path + "/state",
        ]) { $1 }
        process.standardInput = input
        try process.run()
        let sender = try TreeSender(paths: source)
        var bytes: [UInt8] = []
        while let piece = try await sender.next() { bytes += piece }
        try input.fileHandleForWriting.write(contentsOf: Data(bytes.prefix(230_000)))
        while try Scratch.run("ls '\(staging)'/src/sub 2>/dev/null | wc -l").text == "0\n" { await Task.yield() }
        let last = try await run()
        #expect(last.answer.text == "verified 9\ntaken\n", "\(last.answer.text)")
        process.waitUntilExit()
        #expect(process.terminationStatus != 0)
        try expectSame()
    }

    @Test func twoAtOnceAreRefused() async throws {
        let lock = instance.scratch.path + "/state/abcdefgh/copy.\(key).lock"
        let take = instance.supervisor.take(at: "dst", key: key)
        let answer = try Scratch.run(
            "flock '\(lock)' /bin/sh -c \"$TAKE\" 2>&1 </dev/null",
            environment: [
                "TAKE": take.command, "HOME": instance.scratch.path + "/home",
                "MAYFLY_STATE": instance.scratch.path + "/state",
            ])
        #expect(answer.code != 0 && answer.text == "another copy of the same is under way\n", "\(answer.text)")
    }

    @Test func afterADayItGoes() async throws {
        _ = try await run(cutAfter: 230_000)
        try instance.scratch.sh(
            "cd home/work && mkdir .mayfly-copy.theirs && touch -d '2 days ago' .mayfly-copy.\(key) .mayfly-copy.theirs"
        )
        _ = try instance.perform(instance.supervisor.staged(at: "other", key: "another"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: instance.work) == [".mayfly-copy.theirs"])
    }
}
