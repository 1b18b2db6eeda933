import Foundation
import Testing
import TreeArchive

/// Archives no supervisor of ours would send.
@Suite(.timeLimit(.minutes(1)))
struct HostileStreamTests {
    /// Makes a tar with GNU tar in a scratch folder and receives it.
    static func receive(_ recipe: String, limits: TreeLimits = TreeLimits()) async throws -> (TreeReport, Scratch) {
        let scratch = try Scratch()
        try scratch.sh("mkdir made && cd made && \(recipe)")
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/made/tar")))
        let receiver = TreeReceiver(destination: scratch.path + "/results", limits: limits)
        try await receiver.receive(bytes)
        return (try await receiver.finish(), scratch)
    }

    @Test func namesThatClimb() async throws {
        let (report, scratch) = try await Self.receive(
            "echo x > f && tar -cPf tar --transform 's,^f$,../escaped,' f && tar -rPf tar --transform 's,^f$,a/../../escaped,' f"
                + " && tar -rPf tar --transform 's,^f$,/tmp/mayfly-escaped,' f")
        #expect(report.files.isEmpty)
        #expect(!report.complete)
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/escaped"))
        #expect(!FileManager.default.fileExists(atPath: "/tmp/mayfly-escaped"))
        #expect(report.skipped.filter { $0.contains("leads out") }.count == 3)
    }

    @Test func writingThroughALink() async throws {
        let (report, scratch) = try await Self.receive(
            "mkdir ../target && ln -s ../target l && echo x > f && tar -cPf tar l && tar -rPf tar --transform 's,^f$,l/f,' f"
        )
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/target/f"))
        #expect(!report.complete)
    }

    @Test func aChainOfLinks() async throws {
        // Each looks harmless by itself: d/up is the root, and d/up/../.. would be two above it.
        let (report, scratch) = try await Self.receive(
            "mkdir d && ln -s .. d/up && ln -s d/up/../.. out && tar -cf tar d out")
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/results/out"))
        #expect(report.skipped.contains { $0.hasPrefix("out ") })
    }

    @Test func aSecondFileOfOneName() async throws {
        let (report, scratch) = try await Self.receive("echo 1 > f && tar -cf tar f && echo 2 > f && tar -rf tar f")
        #expect(try String(contentsOfFile: scratch.path + "/results/f", encoding: .utf8) == "1\n")
        #expect(!report.complete)
    }

    @Test func limitsHold() async throws {
        let (many, _) = try await Self.receive(
            "touch $(seq 100) && tar -cf tar $(seq 100)", limits: TreeLimits(entries: 10))
        #expect(many.files.count == 10)
        let (big, _) = try await Self.receive(
            "head -c 100000 /dev/zero > f && tar -cf tar f", limits: TreeLimits(bytes: 1000))
        #expect(big.files.isEmpty)
        #expect(!big.complete)
    }

    @Test func noiseIsNotATree() async throws {
        let scratch = try Scratch()
        let receiver = TreeReceiver(destination: scratch.path + "/results")
        try await receiver.receive((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7919) })
        let report = try await receiver.finish()
        #expect(!report.complete)
        #expect(report.files.isEmpty)
    }

    @Test func oursFailingIsAnErrorNotAReport() async throws {
        let receiver = TreeReceiver(destination: "/proc/no/such/place")
        await #expect(throws: TreeArchiveError.self) { try await receiver.finish() }
    }
}

/// The way to a folder is remembered from one file to the next.
extension HostileStreamTests {
    @Test func foldersInAnyOrder() async throws {
        let (report, scratch) = try await Self.receive(
            """
            mkdir -p a/b/c d && for f in 1 a/2 a/b/3 a/b/c/4 d/5 a/6 a/b/7 a/b/c/8 9 a/b/c/10; do echo $f > $f; done
            tar -cf tar 1 a/b/3 a/2 a/b/c/4 d/5 a/b/7 a/6 a/b/c/8 9 a/b/c/10
            """)
        #expect(report.files.count == 10)
        for file in report.files {
            #expect(
                try String(contentsOfFile: "\(scratch.path)/results/\(file.path)", encoding: .utf8) == file.path + "\n")
        }
    }

    @Test func aLinkInThePlaceOfTheLastFolder() async throws {
        let (report, scratch) = try await Self.receive(
            """
            mkdir -p ../target/sub d/sub && echo x > d/sub/f && echo y > g && tar -cf tar d/sub/f
            ln -s ../target l && tar -rPf tar --transform 's,^l$,d,' l
            tar -rPf tar --transform 's,^g$,d/sub/g,' g && tar -rPf tar --transform 's,^g$,d/h,' g
            tar -rPf tar --transform 's,^g$,d/sub,' g && tar -rPf tar --transform 's,^g$,d/sub/f/i,' g
            """)
        #expect(try Scratch.run("find '\(scratch.path)/target' -type f").text == "")
        #expect(Set(report.files.map(\.path)) == ["d/sub/f", "d/sub/g", "d/h"])
        #expect(!report.complete)
    }
}
