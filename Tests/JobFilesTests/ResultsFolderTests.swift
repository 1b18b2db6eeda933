import Crypto
import Foundation
import MayflyCore
import MayflyTestKit
import Testing

@testable import JobFiles

@Suite struct ResultsFolderTests {
    /// A folder of its own, gone with the test.
    final class Scratch: Sendable {
        let path = NSTemporaryDirectory() + "mayfly-results-\(UUID().uuidString)"

        init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func job(_ number: Int64) -> JobRecord {
            JobRecord(
                id: JobID(rawValue: number), definition: Fixtures.definition(), cloud: Fixtures.newJob().cloud,
                resultsParent: path, submission: "s", submissionLimit: 1, submittedAt: Fixtures.now.wall,
                attempts: [Fixtures.doneAttempt(of: JobID(rawValue: number))])
        }

        func mode(_ name: String) throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
            return try #require(attributes[.posixPermissions] as? Int)
        }
    }

    private let storage = LocalStorage(blobPath: { "/nonexistent/\($0)" })

    @Test func logsGrowAndAreResumedByTheirLength() async throws {
        let scratch = Scratch()
        let first = try await storage.folder(for: scratch.job(1))
        try await first.append(Array("one\n".utf8), to: .stdout)
        // Another keeper opens the same folder and goes on where the file ends.
        let second = try await storage.folder(for: scratch.job(1))
        #expect(try await second.length(of: .stdout) == 4)
        try await second.append(Array("two".utf8), to: .stdout)
        let digest = SHA256.hash(data: Data("one\ntwo".utf8)).map { String(format: "%02x", $0) }.joined()
        #expect(try await second.seal(.stdout, bytes: 7, sha256: digest))
        #expect(try await !second.seal(.stdout, bytes: 8, sha256: digest))
        #expect(try await !second.seal(.stdout, bytes: 7, sha256: String(repeating: "0", count: 64)))
        #expect(try scratch.mode("train-1/stdout.log") == 0o600)
        #expect(try scratch.mode("train-1") == 0o700)
    }

    /// What somebody removes while it is written must not look delivered.
    @Test func aLogThatVanishedIsNoticed() async throws {
        let scratch = Scratch()
        let folder = try await storage.folder(for: scratch.job(1))
        try await folder.append(Array("one".utf8), to: .stdout)
        try FileManager.default.removeItem(atPath: scratch.path + "/train-1")
        let error = await #expect(throws: FileTrouble.self) { try await folder.append(Array("two".utf8), to: .stdout) }
        #expect(error?.description.contains("was removed while it was written") == true)
        await #expect(throws: FileTrouble.self) {
            _ = try await folder.seal(.stdout, bytes: 3, sha256: String(repeating: "0", count: 64))
        }
        // Made again, it begins at the beginning.
        #expect(try await storage.folder(for: scratch.job(1)).length(of: .stdout) == 0)
    }

    /// A keeper that was suspended with a damaged log wakes up when another has fetched and sealed it.
    @Test func onlyTheDamagedFileGivesWay() async throws {
        let scratch = Scratch()
        let log = scratch.path + "/train-1/stdout.log"
        func text() throws -> String { try String(contentsOfFile: log, encoding: .utf8) }
        let suspended = try await storage.folder(for: scratch.job(1))
        try await suspended.append(Array("dam".utf8), to: .stdout)
        let next = try await storage.folder(for: scratch.job(1))
        #expect(try await next.length(of: .stdout) == 3)
        try await next.restart(.stdout)
        try await next.append(Array("whole".utf8), to: .stdout)
        try await suspended.restart(.stdout)
        #expect(try text() == "whole")
        try await next.restart(.stdout)
        #expect(!FileManager.default.fileExists(atPath: log))
    }

    @Test func aPlantedLinkIsNotWrittenThrough() async throws {
        let scratch = Scratch()
        let folder = try await storage.folder(for: scratch.job(1))
        try FileManager.default.createSymbolicLink(
            atPath: scratch.path + "/train-1/stderr.log", withDestinationPath: scratch.path + "/victim")
        await #expect(throws: FileTrouble.self) { try await folder.append([1], to: .stderr) }
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/victim"))
    }

    @Test func latestPointsToTheNewestAndNeverReplacesAFolder() async throws {
        let scratch = Scratch()
        _ = try await storage.folder(for: scratch.job(1))
        _ = try await storage.folder(for: scratch.job(2))
        let link = scratch.path + "/latest"
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "train-2")
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createDirectory(atPath: link, withIntermediateDirectories: true)
        _ = try await storage.folder(for: scratch.job(3))
        var isFolder: ObjCBool = false
        #expect(FileManager.default.fileExists(atPath: link, isDirectory: &isFolder) && isFolder.boolValue)
    }

    @Test func aReceiptSpeaksTheWordsOfTheDocumentation() async throws {
        let scratch = Scratch()
        let job = scratch.job(7)
        let folder = try await storage.folder(for: job)
        try await folder.write(Receipt(of: job, finishedAt: Fixtures.now.wall) { "at \($0.rawValue)" })
        let data = try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/train-7/receipt.json"))
        let receipt = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        for key in ["version", "job", "name", "cloud", "outcome", "delivery", "teardown", "phases", "objects"] {
            #expect(receipt[key] != nil, "\(key) is missing")
        }
        #expect(receipt["outcome"] as? String == "succeeded")
        #expect(receipt["finished_at"] as? String == "at 1700000000000")
        #expect(try scratch.mode("train-7/receipt.json") == 0o600)
    }

    @Test func frozenCodeOfAnotherLengthIsRefused() async throws {
        let scratch = Scratch()
        let path = scratch.path + "/blob"
        try Data(repeating: 7, count: 3_000_000).write(to: URL(fileURLWithPath: path))
        let storage = LocalStorage(blobPath: { _ in path })
        let next = try await storage.frozenCode(FrozenCode(sha256: "x", byteCount: 3_000_000, fileCount: 1))
        var total = 0
        while let chunk = try await next() { total += chunk.count }
        #expect(total == 3_000_000)
        await #expect(throws: FileTrouble.self) {
            _ = try await storage.frozenCode(FrozenCode(sha256: "x", byteCount: 5, fileCount: 1))
        }
    }

    /// A chunk that was half written would count as delivered.
    @Test func aFullDiskLeavesNoHalfChunk() throws {
        var full = try AppendFile(path: "/dev/full")
        #expect(throws: FileTrouble.self) { try full.append(Array(repeating: 1, count: 100_000)) }
        #expect(full.length == 0)
    }

    @Test func anAttemptsFilesAreSetAside() async throws {
        let scratch = Scratch()
        let job = scratch.job(1)
        let folder = try await storage.folder(for: job)
        let top = scratch.path + "/train-1"
        try await folder.append(Array("one".utf8), to: .stdout)
        try FileManager.default.createDirectory(atPath: top + "/outputs", withIntermediateDirectories: true)
        try Data("o".utf8).write(to: URL(fileURLWithPath: top + "/outputs/o"))
        let receipt = Receipt(of: job, finishedAt: nil, format: { "\($0.rawValue)" })
        try await folder.setAside(attempt: 1, receipt)
        #expect(try FileManager.default.contentsOfDirectory(atPath: top) == ["attempt-1"])
        let aside = try FileManager.default.contentsOfDirectory(atPath: top + "/attempt-1").sorted()
        #expect(aside == [".set-aside", "outputs", "receipt.json", "stdout.log"])
        // A keeper that died before the next attempt was on record.
        let second = try await storage.folder(for: job)
        try await second.setAside(attempt: 1, receipt)
        #expect(try FileManager.default.contentsOfDirectory(atPath: top) == ["attempt-1"])
        // The next attempt begins at the beginning, and its files are never moved over an earlier one's.
        #expect(try await second.length(of: .stdout) == 0)
        try await second.append(Array("two".utf8), to: .stdout)
        // A keeper that was suspended since then, before it looked and after it.
        try await folder.setAside(attempt: 1, receipt)
        #expect(try FileManager.default.contentsOfDirectory(atPath: top).sorted() == ["attempt-1", "stdout.log"])
        try FileManager.default.removeItem(atPath: top + "/attempt-1/.set-aside")
        await #expect(throws: FileTrouble.self) { try await folder.setAside(attempt: 1, receipt) }
        #expect(try String(contentsOfFile: top + "/attempt-1/stdout.log", encoding: .utf8) == "one")
        try await second.setAside(attempt: 2, receipt)
        #expect(try FileManager.default.contentsOfDirectory(atPath: top).sorted() == ["attempt-1", "attempt-2"])
    }
}
