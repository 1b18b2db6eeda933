import Foundation
import MayflyCore
import MayflyTestKit
import Testing

@testable import JobFiles

/// Outputs that are collected more than once.
@Suite struct OutputsFolderTests {
    private let storage = LocalStorage(blobPath: { "/nonexistent/\($0)" })

    /// A folder with the results of one job, and what an instance sends.
    private struct Ground {
        let scratch = ResultsFolderTests.Scratch()
        var outputs: String { scratch.path + "/train-1/outputs" }

        func text(_ path: String) -> String? { try? String(contentsOfFile: "\(outputs)/\(path)", encoding: .utf8) }

        /// A collected stream, as the supervisor makes it of a folder.
        /// - Parameters:
        ///   - script: makes the files, in the folder.
        ///   - manifest: changes the manifest in `$m`.
        func stream(_ script: String, manifest: String = ":") throws -> [UInt8] {
            let place = scratch.path + "/instance"
            let whole = """
                rm -rf '\(place)' && mkdir -p '\(place)/o' '\(place)/m' && cd '\(place)/o' && \(script)
                cd '\(place)/o' && find . -type f | sort > ../files
                m=../m/.mayfly-manifest
                { sed 's/^/o /' ../files; xargs -r sha256sum < ../files | sed 's/^/h /'; echo end; } > $m
                \(manifest)
                find . ! -name . | sort | tar -c --format=gnu --no-recursion -T - -f - && tar -c -T /dev/null -f -
                tar -c -C ../m .mayfly-manifest -f -
                """
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", whole]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
            return Array(bytes)
        }
    }

    private func collect(_ ground: Ground, _ bytes: [UInt8]) async throws -> OutputsReport {
        let receiver = try await storage.folder(for: ground.scratch.job(1)).receiveOutputs()
        try await receiver.receive(bytes)
        return try await receiver.finish()
    }

    @Test func aLaterCollectionAddsAndReplaces() async throws {
        let ground = Ground()
        let first = try ground.stream("mkdir d && echo 1 > a && echo 1 > d/b && echo 1 > d/c && ln -s a link")
        #expect(try await collect(ground, first) == OutputsReport(complete: true, warnings: []))
        let second = try ground.stream("mkdir -p d e && echo 2 > d/b && echo 2 > e/new && ln -s d/b link")
        #expect(try await collect(ground, second) == OutputsReport(complete: true, warnings: []))
        #expect(ground.text("a") == "1\n" && ground.text("d/c") == "1\n", "what is no longer there stays here")
        #expect(ground.text("d/b") == "2\n" && ground.text("e/new") == "2\n")
        #expect(ground.text("link") == "2\n")
        #expect(!FileManager.default.fileExists(atPath: ground.outputs + ".partial"))
    }

    @Test func whatIsNotVerifiedReplacesNothing() async throws {
        let ground = Ground()
        _ = try await collect(ground, try ground.stream("echo 1 > a && echo 1 > b"))
        let damaged = try ground.stream(
            "echo 2 > a && echo 2 > b && echo 2 > c", manifest: "sed -i '/^h .*b$/s/h ./h 0/' $m")
        let report = try await collect(ground, damaged)
        #expect(!report.complete && report.leavesResults)
        #expect(ground.text("a") == "2\n" && ground.text("b") == "1\n" && ground.text("c") == "2\n")
        #expect(try String(contentsOfFile: ground.outputs + ".partial/b", encoding: .utf8) == "2\n")
        // A stream that was cut verifies nothing.
        let cut = try ground.stream("echo 3 > a && echo 3 > d").prefix(3 * 512 + 512)
        #expect(try await !collect(ground, Array(cut)).complete)
        #expect(ground.text("a") == "2\n")
    }

    @Test func aFolderAndAFileOfOneNameAreBothKept() async throws {
        let ground = Ground()
        _ = try await collect(ground, try ground.stream("mkdir x && echo 1 > x/a && echo 1 > y"))
        let report = try await collect(ground, try ground.stream("echo 2 > x && mkdir y && echo 2 > y/b"))
        #expect(!report.complete && report.warnings.count == 2 && report.warnings[0].contains("x is a folder once"))
        #expect(ground.text("x/a") == "1\n" && ground.text("y") == "1\n")
        #expect(try String(contentsOfFile: ground.outputs + ".partial/y/b", encoding: .utf8) == "2\n")
    }
}
