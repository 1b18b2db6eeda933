import Foundation
import OnInstance
import Testing
import TreeArchive

/// A copy that broke and is run again brings only what is not there yet, and in the end the same as one that did not break.
@Suite(.timeLimit(.minutes(2)))
struct ResumedCopyTests {
    private let instance: CollectTests.Instance
    private var folder: String { instance.scratch.path + "/staging" }

    init() throws {
        instance = try CollectTests.Instance()
        try instance.scratch.sh(
            """
            cd home/work && mkdir -p a/sub/deep a/empty && cd a
            for n in 1 2 3 4 5 6 7 8; do head -c 50000 /dev/urandom > "sub/file $n"; done
            echo "it's" > "sub/deep/it's odd" && chmod 751 "sub/deep/it's odd" && ln -s ../sub/deep empty/link
            find . -type f -exec touch -d @1000000000 {} +
            """)
    }

    /// One stream into the staging, cut after some bytes.
    private func run(cutAfter limit: Int = .max, _ held: Bool = true) async throws -> (
        report: TreeReport, bytes: Int, tree: String
    ) {
        let staging = try #require(try TreeStaging(path: folder))
        let stage = try staging.begin()
        var request = CollectRequest.copy(of: "a")
        if held { request.held = stage.keptFiles.flatMap(\.line) }
        let bytes = Array(try instance.perform(instance.supervisor.collect(request)).bytes.prefix(limit))
        let receiver = TreeReceiver(stage: stage, limits: TreeLimits(keepsMetadata: true))
        try await receiver.receive(bytes)
        return (try await receiver.finish(), bytes.count, stage.tree)
    }

    private func expectSame(_ tree: String) throws {
        let listing =
            "find . \\( -type d -printf '%P/ %m\\n' -o -type l -printf '%P %l\\n' -o -printf '%P %m %s %T@\\n' \\) | LC_ALL=C sort"
        let sums = "find . -type f -exec sha256sum {} + | LC_ALL=C sort"
        for script in [listing, sums] {
            let there = try Scratch.run("cd '\(instance.work)/a' && \(script)").text
            let here = try Scratch.run("cd '\(tree)/a' && \(script)").text
            #expect(here == there)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: tree) == ["a"])
    }

    @Test func onlyTheRestIsSentAgain() async throws {
        let first = try await run(cutAfter: 230_000)
        #expect(!first.report.isWhole)
        let cut = try await run(cutAfter: 130_000)
        #expect(!cut.report.isWhole && cut.bytes == 130_000)
        let last = try await run()
        #expect(last.report.isWhole && last.report.complete, "\(last.report.skipped)")
        #expect(last.report.kept >= 5 && last.report.stale == 0 && last.report.files.count == 9)
        #expect(last.bytes < 200_000, "\(last.bytes) bytes")
        try expectSame(last.tree)
    }

    @Test func nothingButTheManifestComesWhenAllIsThere() async throws {
        let whole = try await run()
        #expect(whole.report.complete)
        let again = try await run()
        #expect(again.report.complete && again.report.kept == 9 && again.bytes < 40_000, "\(again.bytes)")
        try expectSame(again.tree)
    }

    @Test func whatChangedMeanwhileComesAnew() async throws {
        _ = try await run(cutAfter: 230_000)
        try instance.scratch.sh(
            """
            cd home/work/a/sub && echo longer >> 'file 1' && touch -d @1000000001 'file 1' && chmod 600 'file 2' && rm 'file 3' && mkdir 'file 3'
            """)
        let last = try await run()
        #expect(last.report.complete, "\(last.report.skipped)")
        #expect((1...2).contains(last.report.kept), "\(last.report.kept) were kept")
        try expectSame(last.tree)
    }

    /// Length, second and rights tell most changes; the sum tells all.
    @Test func whatOnlyLooksTheSameIsFoundOut() async throws {
        _ = try await run(cutAfter: 230_000)
        try instance.scratch.sh(
            "cd home/work/a/sub && head -c 50000 /dev/zero > 'file 1' && touch -d @1000000000 'file 1'")
        let second = try await run()
        #expect(second.report.stale == 1 && !second.report.complete, "\(second.report)")
        let third = try await run()
        #expect(third.report.complete && third.report.stale == 0 && third.bytes < 100_000, "\(third.report)")
        try expectSame(third.tree)
    }

    @Test func garbageInTheStagingIsNoFile() async throws {
        _ = try await run(cutAfter: 230_000)
        try instance.scratch.sh(
            """
            cd staging && echo garbage > 1/tree/a/more && echo x >> '1/tree/a/sub/file 1' && rm '1/tree/a/sub/file 2'
            head -c 50000 /dev/zero > '1/tree/a/sub/file 3'
            printf '5 1 644 ../../../home/out\\n50000 1 600 a/x\\n\\377\\n1 2\\n50000 1000000000 644 a/sub/fi' >> 1/arrived
            mkdir 7 && ln -s /etc/passwd 7/arrived && touch note && mkdir -p 9/arrived && ln -s ../../home/work 9/tree
            """)
        let second = try await run()
        #expect(second.report.stale == 1, "\(second.report)")
        #expect(!FileManager.default.fileExists(atPath: folder + "/1/tree/a/more"))
        let third = try await run()
        #expect(third.report.complete, "\(third.report)")
        try expectSame(third.tree)
    }

    /// One that an older Mayfly installed sends everything, whatever it is told.
    @Test func aSenderThatKnowsNothingOfThisSendsAll() async throws {
        _ = try await run(cutAfter: 230_000)
        let last = try await run(false)
        #expect(last.report.complete && last.report.kept == 0 && last.bytes > 400_000, "\(last.report.skipped)")
        try expectSame(last.tree)
    }

    @Test func oneAtATime() throws {
        let first = try TreeStaging(path: folder)
        #expect(first != nil)
        #expect(try TreeStaging(path: folder) == nil)
    }
}
