import Foundation
import MayflyCore
import Testing

@testable import JobFiles

@Suite struct FrozenCodeSweepTests {
    @Test func onlyOldTreesThatNobodyNeedsGo() async throws {
        let folder = NSTemporaryDirectory() + "mayfly-sweep-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let now = Date(timeIntervalSince1970: 2_000_000_000)
        let old = now.addingTimeInterval(-25 * 3600)
        let young = now.addingTimeInterval(-23 * 3600)
        for (name, date) in [
            ("needed.tar", old), ("old.tar", old), ("young.tar", young), (".packing-aBcDeF", old),
            (".packing-xxxxxx", young),
        ] {
            _ = FileManager.default.createFile(
                atPath: "\(folder)/\(name)", contents: Data("x".utf8), attributes: [.modificationDate: date])
        }
        let removed = try await FrozenCodeSweep.run(
            in: folder, keeping: ["needed"], now: WallTime(rawValue: 2_000_000_000_000))
        #expect(removed == [".packing-aBcDeF", "old.tar"])
        let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(left == [".packing-xxxxxx", "needed.tar", "young.tar"])
    }

    @Test func aHomeWithoutFrozenTreesIsFine() async throws {
        #expect(try await FrozenCodeSweep.run(in: "/nonexistent/blobs", keeping: [], now: WallTime(rawValue: 0)) == [])
    }
}
