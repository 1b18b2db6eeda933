import Foundation
import OnInstance
import Testing
import TreeArchive

/// The supervisor's side and ours, joined by bytes.
@Suite(.timeLimit(.minutes(2)))
struct CollectTests {
    final class Instance: Sendable {
        let scratch: Scratch
        let supervisor = Supervisor(nonce: "abcdefgh")
        var work: String { scratch.path + "/home/work" }
        var outputs: String { scratch.path + "/state/abcdefgh/outputs" }
        var destination: String { scratch.path + "/results" }

        init() throws {
            scratch = try Scratch()
            try scratch.sh("mkdir -p home/work state/abcdefgh/outputs && echo none > state/abcdefgh/startup.kind")
            _ = try perform(supervisor.awaitStartup())
        }

        func perform(_ step: RemoteStep, input: [UInt8]? = nil) throws -> Scratch.Output {
            try Scratch.run(
                step.command, input: input ?? step.input,
                environment: ["HOME": scratch.path + "/home", "MAYFLY_STATE": scratch.path + "/state"])
        }

        func stream(_ outputs: [String]) throws -> [UInt8] {
            try perform(supervisor.collect(CollectRequest(outputs: outputs))).bytes
        }

        func receive(_ bytes: [UInt8], chunk: Int = 65_536) async throws -> TreeReport {
            let receiver = TreeReceiver(destination: destination)
            var rest = bytes[...]
            while !rest.isEmpty {
                try await receiver.receive(Array(rest.prefix(chunk)))
                rest = rest.dropFirst(chunk)
            }
            return try await receiver.finish()
        }

        func text(_ path: String) -> String? { try? String(contentsOfFile: "\(destination)/\(path)", encoding: .utf8) }
    }

    @Test func evilOutputsStayOutside() async throws {
        let instance = try Instance()
        try instance.scratch.sh(
            """
            cd home/work && mkdir -p o/deep && echo good > o/good && echo run > o/deep/tool && chmod 755 o/deep/tool
            ln -s /etc/passwd o/passwd && ln -s / o/root && ln -s good o/inside && ln -s ../../../.. o/up && mkfifo o/pipe
            truncate -s 1G o/sparse && echo tail >> o/sparse
            """)
        let report = try await instance.receive(
            instance.stream(["o/", "../../etc/hostname", "/etc/shadow", "none-*.bin"]))
        #expect(instance.text("o/good") == "good\n")
        #expect(instance.text("o/inside") == "good\n")
        #expect(!report.complete)
        for name in ["o/passwd", "o/root", "o/up", "o/pipe", "../../etc/hostname", "/etc/shadow", "none-*.bin"] {
            #expect(report.skipped.filter { $0.contains(name) }.count == 1, "\(name) in \(report.skipped)")
        }
        #expect(report.skipped.count == 7)
        let listing = try Scratch.run("cd '\(instance.destination)' && find . -printf '%P %y %m\\n' | sort")
        #expect(
            listing.text
                == " d 700\no d 700\no/deep d 700\no/deep/tool f 700\no/good f 600\no/inside l 777\no/sparse f 600\n")
        let sparse = try Scratch.run("stat -c '%s %b' '\(instance.destination)/o/sparse'").text.split(separator: " ")
        #expect(sparse[0] == "1073741829")
        #expect(try #require(Int(sparse[1].dropLast())) < 4096)
        #expect(report.files.contains { $0.path == "o/sparse" && $0.bytes == 1_073_741_829 })
    }

    /// What leaves the job's world is skipped and named, but nothing the job may have is missing for it.
    @Test func whatLeavesTheWorldIsAWarningOnly() async throws {
        let instance = try Instance()
        try instance.scratch.sh("cd home/work && mkdir o && echo good > o/good && ln -s /etc/passwd o/passwd")
        let report = try await instance.receive(instance.stream(["o/", "../../etc/hostname", "/etc/shadow"]))
        #expect(report.complete)
        #expect(report.skipped.count == 3)
        #expect(instance.text("o/good") == "good\n")
    }

    @Test func everythingAskedForArrivesWhole() async throws {
        let instance = try Instance()
        let odd = "it's \"odd\" * ä \\n -x"
        try instance.scratch.write("state/abcdefgh/outputs/\(odd)", "from outputs")
        try instance.scratch.write("state/abcdefgh/outputs/model/w.bin", "weights")
        try instance.scratch.write("home/work/logs/a.txt", "a")
        try instance.scratch.write("home/work/logs/x/y/b.txt", "b")
        try instance.scratch.write("home/work/logs/c.bin", "c")
        try instance.scratch.write("home/work/-dash", "dash")
        try instance.scratch.sh("mkdir -p home/work/empty/in && head -c 3000000 /dev/urandom > home/work/big")
        for chunk in [1 << 20, 4099] {
            try? FileManager.default.removeItem(atPath: instance.destination)
            let report = try await instance.receive(
                instance.stream(["logs/**/*.txt", "./-dash", "empty/", "big", "logs/a.txt"]), chunk: chunk)
            #expect(report.skipped == [])
            #expect(report.complete)
            #expect(
                Set(report.files.map(\.path)) == [odd, "model/w.bin", "logs/a.txt", "logs/x/y/b.txt", "-dash", "big"])
            #expect(instance.text(odd) == "from outputs")
            #expect(instance.text("logs/c.bin") == nil)
            #expect(FileManager.default.fileExists(atPath: instance.destination + "/empty/in"))
            let same = try Scratch.run("cmp '\(instance.work)/big' '\(instance.destination)/big'")
            #expect(same.code == 0)
        }
    }

    @Test func nothingAskedForNothingThereIsComplete() async throws {
        let instance = try Instance()
        let report = try await instance.receive(instance.stream([]))
        #expect(report == TreeReport(files: [], skipped: [], complete: true))
    }

    @Test func theFirstOfTwoWins() async throws {
        let instance = try Instance()
        try instance.scratch.write("state/abcdefgh/outputs/m/x", "outputs")
        try instance.scratch.write("home/work/m/x", "work")
        try instance.scratch.write("home/work/m/y", "work")
        let report = try await instance.receive(instance.stream(["m"]))
        #expect(instance.text("m/x") == "outputs")
        #expect(instance.text("m/y") == "work")
        #expect(!report.complete)
        #expect(report.skipped.count == 1)
        #expect(report.skipped.first?.hasPrefix("m/x ") == true)
    }

    @Test func aLinkedFolderLeadsNowhere() async throws {
        let instance = try Instance()
        try instance.scratch.write("outside/secret", "s")
        try instance.scratch.sh("ln -s ../../outside home/work/o")
        let report = try await instance.receive(instance.stream(["o/secret", "o/"]))
        #expect(report.files.isEmpty)
        #expect(report.complete)
        #expect(report.skipped.contains { $0.contains("o/secret was skipped") })
    }

    @Test func everyCutIsNoticed() async throws {
        let instance = try Instance()
        for index in 0..<4 { try instance.scratch.write("home/work/o/\(index)", String(repeating: "x", count: 700)) }
        let whole = try instance.stream(["o"])
        for length in stride(from: 0, to: whole.count - 10_240, by: 512) {
            try? FileManager.default.removeItem(atPath: instance.destination)
            let report = try await instance.receive(Array(whole.prefix(length)))
            #expect(!report.complete, "cut at \(length)")
        }
    }

    @Test func damageIsNoticed() async throws {
        let instance = try Instance()
        try instance.scratch.write("home/work/o", String(repeating: "precious", count: 1000))
        var bytes = try instance.stream(["o"])
        let place = try #require(bytes.firstIndex(of: UInt8(ascii: "p")))
        let inside = try #require(bytes[(place + 2048)...].firstIndex(of: UInt8(ascii: "p")))
        bytes[inside] = UInt8(ascii: "P")
        let report = try await instance.receive(bytes)
        #expect(!report.complete)
        #expect(report.skipped.first?.contains("is not what was offered") == true)
    }

    @Test func uploadUnpacksOnceAndOnlyWhole() async throws {
        let instance = try Instance()
        try instance.scratch.write("tree/a/b.txt", "hello")
        try instance.scratch.sh("rmdir home/work")
        let packed = try await TreePacker.pack(
            folder: instance.scratch.path + "/tree", into: instance.scratch.path + "/blobs")
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: packed.path)))
        for length in [0, 512, 1024, 1536] {
            let cut = try instance.perform(instance.supervisor.upload(), input: Array(bytes.prefix(length)))
            #expect(cut.code != 0)
            #expect(!FileManager.default.fileExists(atPath: instance.work))
        }
        for _ in 0..<2 {
            let answer = try instance.perform(instance.supervisor.upload(), input: bytes)
            #expect(answer.text == "unpacking\nuploaded\n")
            #expect(answer.code == 0)
        }
        let listing = try Scratch.run("cd '\(instance.scratch.path)/home' && find . | sort").text
        #expect(listing == ".\n./work\n./work/a\n./work/a/b.txt\n")
    }
}
