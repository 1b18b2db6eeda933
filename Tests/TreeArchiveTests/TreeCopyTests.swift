import Foundation
import Testing
import TreeArchive

/// Copies on this machine.
@Suite struct TreeCopyTests {
    private static let tree = """
        mkdir -p src/deep/empty && printf abc > src/a && chmod 640 src/a && ln -s a src/link && ln -s /nowhere src/dangling
        printf x > "src/odd
        name" && truncate -s 5M src/deep/holes && echo end >> src/deep/holes && touch -d @1000000000 src/a && mkfifo src/pipe
        """
    private static let listing =
        "find . -name pipe -prune -o \\( -type d -printf '%P/ %m\\n' -o -printf '%P %m %s %l\\n' \\) | LC_ALL=C sort"

    @Test func aTreeArrivesAsItIs() throws {
        let scratch = try Scratch()
        try scratch.sh(Self.tree)
        let copy = try TreeCopy(of: scratch.path + "/src", to: scratch.path + "/dst")
        #expect(copy.skipped == ["pipe was left out: neither file, folder nor link"])
        #expect(copy.files.count == 3)
        #expect(copy.files["a"]?.bytes == 3)
        #expect(copy.files["a"]?.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let source = try Scratch.run("cd '\(scratch.path)/src' && \(Self.listing)")
        let target = try Scratch.run("cd '\(scratch.path)/dst' && \(Self.listing)")
        #expect(source.text == target.text && source.text.contains("dangling"))
        let compared = try Scratch.run("cmp '\(scratch.path)/src/deep/holes' '\(scratch.path)/dst/deep/holes'")
        #expect(compared.code == 0)
        let blocks = try Scratch.run("stat -c %b '\(scratch.path)/dst/deep/holes'")
        #expect(Int(blocks.text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? .max < 4096, "holes stay holes")
        let facts = try FileManager.default.attributesOfItem(atPath: scratch.path + "/dst/a")
        #expect((facts[.modificationDate] as? Date)?.timeIntervalSince1970 == 1_000_000_000)
    }

    @Test func nothingIsGoneOverAndWhatCannotBeReadIsSaid() throws {
        let scratch = try Scratch()
        try scratch.sh("mkdir src dst && echo old > dst/old && echo new > src/new")
        #expect(throws: TreeArchiveError.self) { try TreeCopy(of: scratch.path + "/src", to: scratch.path + "/dst") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/dst") == ["old"])
        let missing = #expect(throws: TreeArchiveError.self) {
            try TreeCopy(of: scratch.path + "/none", to: scratch.path + "/other")
        }
        #expect(missing?.code == .unreadableFolder && missing?.message.contains("/none") == true)
    }
}
