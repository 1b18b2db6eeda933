import Foundation
import OnInstance
import Testing
import TreeArchive

/// Copies by hand: this machine's packer and the supervisor's unpacker, and the way back.
@Suite(.timeLimit(.minutes(2)))
struct CopyTests {
    private static let tree = """
        mkdir -p src/deep/empty && echo a > src/a && chmod 640 src/a && ln -s a src/link && ln -s /nowhere src/dangling
        printf x > "src/odd
        name" && truncate -s 20M src/holes && echo end >> src/holes && touch -d @1000000000 src/a
        touch src/-dash 'src/glob*' && mkfifo src/pipe
        """
    private static let listing =
        "find . -name pipe -prune -o \\( -type d -printf '%P/ %m\\n' -o -printf '%P %m %s %l\\n' \\) | LC_ALL=C sort"

    private func stream(_ paths: [String]) async throws -> (bytes: [UInt8], warnings: [String]) {
        let sender = try TreeSender(paths: paths)
        var bytes: [UInt8] = []
        while let piece = try await sender.next() { bytes += piece }
        return (bytes, sender.warnings)
    }

    @Test func aTreeArrivesAsItIs() async throws {
        let instance = try CollectTests.Instance()
        try instance.scratch.sh(Self.tree)
        let (bytes, warnings) = try await stream([instance.scratch.path + "/src"])
        #expect(warnings.count == 1 && warnings[0].contains("pipe was left out"))
        #expect(bytes.count < 1 << 20, "holes are not sent")
        let answer = try instance.perform(instance.supervisor.take(at: "dst"), input: bytes)
        #expect(answer.code == 0 && answer.text == "verified 5\ntaken\n", "\(answer.text)")
        let sent = try Scratch.run("cd '\(instance.scratch.path)/src' && \(Self.listing)")
        let taken = try Scratch.run("cd '\(instance.work)/dst' && \(Self.listing)")
        #expect(sent.text == taken.text)
        let facts = try FileManager.default.attributesOfItem(atPath: "\(instance.work)/dst/a")
        #expect((facts[.modificationDate] as? Date)?.timeIntervalSince1970 == 1_000_000_000)
    }

    @Test func aCutCopyLeavesNothing() async throws {
        let instance = try CollectTests.Instance()
        try instance.scratch.sh(Self.tree + "; head -c 100000 /dev/urandom > src/more; echo old > home/work/dst")
        let (bytes, _) = try await stream([instance.scratch.path + "/src/more"])
        for count in [0, 1, 512, 70_000, bytes.count - 1536] {
            let answer = try instance.perform(instance.supervisor.take(at: "dst"), input: Array(bytes.prefix(count)))
            #expect(answer.code != 0, "\(count) bytes")
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: instance.work)
        #expect(left == ["dst"])
        #expect(try String(contentsOfFile: "\(instance.work)/dst", encoding: .utf8) == "old\n")
    }

    @Test func stripesAreMergedInOrder() async throws {
        let instance = try CollectTests.Instance()
        try instance.scratch.sh("head -c 5500000 /dev/urandom > big")
        let (bytes, _) = try await stream([instance.scratch.path + "/big"])
        let count = 3
        var parts = [[UInt8]](repeating: [], count: count)
        for (index, start) in stride(from: 0, to: bytes.count, by: 1 << 20).enumerated() {
            parts[index % count] += bytes[start..<min(start + 1 << 20, bytes.count)]
        }
        let given = parts
        let answers = try await withThrowingTaskGroup(of: Scratch.Output.self) { group in
            for number in 1..<count {
                let step = instance.supervisor.stripe(number, token: "tok")
                group.addTask { try await Self.offPool { try instance.perform(step, input: given[number]) } }
            }
            let step = instance.supervisor.take(at: "big", stripes: count, token: "tok")
            group.addTask { try await Self.offPool { try instance.perform(step, input: given[0]) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.code == 0 })
        #expect(try Scratch.run("cmp '\(instance.scratch.path)/big' '\(instance.work)/big'").code == 0)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(instance.scratch.path)/state/abcdefgh").filter {
                $0.hasPrefix("stripe")
            }.isEmpty)
    }

    @Test func whereThingsGo() async throws {
        let instance = try CollectTests.Instance()
        try instance.scratch.sh(
            "echo one > one; mkdir -p two/sub home/work/there/two home/work/file.d; echo 2 > two/sub/x")
        func take(_ names: [String], _ path: String) async throws -> Int32 {
            let (bytes, _) = try await stream(names.map { "\(instance.scratch.path)/\($0)" })
            return try instance.perform(instance.supervisor.take(at: path), input: bytes).code
        }
        #expect(try await take(["one"], "new") == 0)
        #expect(try await take(["one"], "there") == 0)
        #expect(try await take(["one"], "made/for/it/") == 0)
        #expect(try await take(["one"], "") == 0)
        #expect(try await take(["one"], "~/home") == 0)
        #expect(try await take(["one", "two"], "there/") == 0, "a folder that exists is filled")
        #expect(try await take(["two"], "one") != 0, "a file does not become a folder")
        let found = try Scratch.run("cd '\(instance.work)/..' && find . -type f | LC_ALL=C sort")
        #expect(
            found.text.split(separator: "\n") == [
                "./home", "./work/made/for/it/one", "./work/new", "./work/one", "./work/there/one",
                "./work/there/two/sub/x",
            ])
    }

    @Test func nothingIsWrittenInPlaceOrThroughALink() async throws {
        let instance = try CollectTests.Instance()
        try instance.scratch.sh(
            """
            mkdir -p d/model d/sub && echo new > d/model/w && echo new > d/f && echo new > latest
            cd home/work && mkdir -p base data/d/sub runs/5 && echo old > base/w && ln -s ../../base data/d/model
            echo old > data/d/f && ln data/d/f hard && ln -s runs/5 latest
            """)
        func take(_ name: String, _ path: String) async throws -> Int32 {
            let (bytes, _) = try await stream(["\(instance.scratch.path)/\(name)"])
            return try instance.perform(instance.supervisor.take(at: path), input: bytes).code
        }
        #expect(try await take("d", "data") != 0, "a link in the way stays")
        let after = try Scratch.run("cd '\(instance.work)' && cat base/w hard data/d/f && ls -A data")
        #expect(after.text == "old\nold\nnew\nd\n" || after.text == "old\nold\nold\nd\n", "\(after.text)")
        #expect(try await take("latest", "./") == 0)
        let link = try Scratch.run("cd '\(instance.work)' && cat latest && ls runs/5 | wc -l")
        #expect(link.text == "new\n0\n", "the link is replaced, not followed: \(link.text)")
    }

    @Test func foldersThatMayNotBeWrittenAreCopiedAll() async throws {
        let instance = try CollectTests.Instance()
        try instance.scratch.sh("mkdir -p locked/in && echo x > locked/in/x && chmod 555 locked/in locked")
        let (bytes, _) = try await stream([instance.scratch.path + "/locked"])
        #expect(try instance.perform(instance.supervisor.take(at: "there"), input: bytes).code == 0)
        let modes = try Scratch.run("cd '\(instance.work)' && stat -c %a there there/in && ls -A")
        #expect(modes.text == "555\n555\nthere\n", "\(modes.text)")
        try instance.scratch.sh("chmod -R u+w locked home/work/there")
    }

    @Test func aPersonsUnfinishedCopyIsNoOutput() async throws {
        let instance = try CollectTests.Instance()
        try instance.scratch.sh(
            "cd home/work && mkdir -p data/.mayfly-copy.abcdef && echo half > data/.mayfly-copy.abcdef/x && echo 1 > data/y"
        )
        let report = try await instance.receive(instance.stream(["data"]))
        #expect(report.complete && report.files.map(\.path) == ["data/y"])
    }

    @Test func onePathComesBack() async throws {
        let instance = try CollectTests.Instance()
        try instance.scratch.sh(
            "cd home/work && mkdir -p a/b && echo 1 > a/b/f1 && echo 2 > a/b/f2 && ln -s f1 a/b/l && echo x > '[1]*'")
        func fetch(_ path: String, _ name: String) async throws -> (report: TreeReport, names: [String]) {
            let folder = instance.scratch.path + "/" + name
            let receiver = TreeReceiver(destination: folder, limits: TreeLimits(keepsMetadata: true))
            try await receiver.receive(instance.perform(instance.supervisor.collect(.copy(of: path))).bytes)
            let report = try await receiver.finish()
            return (report, try FileManager.default.contentsOfDirectory(atPath: folder).sorted())
        }
        #expect(try await fetch("a/b/f?", "r1").names == ["f1", "f2"])
        #expect(try await fetch("a/b/l", "r2").names == ["f1"], "what a link leads to")
        #expect(try await fetch("[1]*", "r3").names == ["[1]*"], "what exists is meant literally")
        #expect(try await fetch("a/", "r4").names == ["a"])
        #expect(try await fetch("*/b/f1", "r4b").report.files.map(\.path) == ["a/b/f1"])
        #expect(try await fetch("a/..", "r4c").names == ["work"])
        #expect(try await fetch("", "r5").names == ["work"])
        let outside = try await fetch(instance.scratch.path + "/home/../home/work/a/b", "r6")
        #expect(outside.report.complete && outside.names == ["b"])
        let missing = try await fetch("a/none", "r7")
        #expect(!missing.report.complete)
        #expect(missing.report.skipped == ["none did not arrive: there is no such path in work/a"])
        #expect(try await !fetch("/no/such/folder", "r8").report.complete)
        #expect(try await !fetch("/", "r9").report.complete)
    }

    @Test func aMissingSourceIsAnError() {
        #expect(throws: TreeArchiveError.self) { try TreeSender(paths: ["/no/such/file"]) }
        #expect(throws: TreeArchiveError.self) { try TreeSender(paths: ["/etc/hostname", "/etc/../etc/hostname"]) }
    }

    private static func offPool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
        }
    }
}
