import Foundation
import MayflyTestKit
import OnInstance
import Testing
import TreeArchive

/// The stream of `collect`, tar and manifest, damaged in many ways.
@Suite(.timeLimit(.minutes(3)))
struct StreamFuzzTests {
    private static let names = ["a", "dir/b", "dir/deeper/c"]

    private func stream(_ instance: CollectTests.Instance) throws -> [UInt8] {
        try instance.scratch.sh(
            "cd home/work && mkdir -p o/dir/deeper o/empty && echo one > o/a && seq 500 > o/dir/b && ln -s a o/l"
                + " && truncate -s 1M o/dir/deeper/c && echo end >> o/dir/deeper/c")
        return try instance.stream(["o"])
    }

    /// Whatever comes: no trap, nothing outside, and no report that calls damaged files whole.
    @Test(arguments: 0..<4) func mutatedStreams(_ seed: UInt64) async throws {
        let instance = try CollectTests.Instance()
        let whole = try stream(instance)
        let manifest = try #require(whole.firstRange(of: Array(".mayfly-manifest".utf8))).lowerBound
        var random = SeededGenerator(seed: seed)
        for round in 0..<60 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                // Half of them where the manifest is.
                let at = Int.random(in: (round % 2 == 0 ? 0 : manifest)..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: bytes[at] = UInt8.random(in: .min ... .max, using: &random)
                case 2: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 700)], at: at)
                case 3: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...600, using: &random)))
                default: bytes = Array(bytes[..<at])
                }
                if bytes.count <= manifest { bytes = whole }
            }
            let destination = "\(instance.scratch.path)/results/\(round)"
            try instance.scratch.sh("mkdir -p results")
            let receiver = TreeReceiver(
                destination: destination, limits: TreeLimits(entries: 1000, bytes: 64 << 20))
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...20_000, using: &random)
                try await receiver.receive(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            let report = try await receiver.finish()
            guard report.complete else { continue }
            for name in Self.names where report.files.contains(where: { $0.path == "o/\(name)" }) {
                let same = try Scratch.run("cmp '\(instance.work)/o/\(name)' '\(destination)/o/\(name)'").code == 0
                #expect(same, "round \(round): \(name)")
            }
        }
        let outside = try Scratch.run("cd '\(instance.scratch.path)' && ls -A").text
        #expect(Set(outside.split(separator: "\n")) == ["home", "results", "state"])
    }
}
