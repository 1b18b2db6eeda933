import Foundation
import Testing
import TreeArchive

struct TreePackerTests {
    static func names(_ tree: PackedTree) throws -> [String] {
        try Scratch.run("tar -tf '\(tree.path)'").text.split(separator: "\n").map(String.init)
    }

    @Test func theSameTreeGivesTheSameBytes() async throws {
        let first = try Scratch()
        let second = try Scratch()
        for scratch in [first, second] {
            for name in scratch === first ? ["b", "a/z", "a.txt", "ü"] : ["ü", "a.txt", "a/z", "b"] {
                try scratch.write("tree/\(name)", name)
            }
            try scratch.sh("chmod 755 tree/b && find tree -exec touch -h -d @1700000000 {} +")
        }
        let one = try await TreePacker.pack(folder: first.path + "/tree", into: first.path + "/blobs")
        let two = try await TreePacker.pack(folder: second.path + "/tree", into: second.path + "/blobs")
        #expect(one.sha256 == two.sha256)
        #expect(one.fileCount == 4)
        #expect(try Scratch.run("sha256sum < '\(one.path)'").text.hasPrefix(one.sha256))
        #expect(try Scratch.run("stat -c '%a %s' '\(one.path)'").text == "600 \(one.byteCount)\n")
        #expect(try Self.names(one).last == ".mayfly-end")
        #expect(try FileManager.default.contentsOfDirectory(atPath: first.path + "/blobs").count == 1)
    }

    @Test func ignoreFilesAreGitsAndMore() async throws {
        let scratch = try Scratch()
        let tree = scratch.path + "/tree"
        for name in [
            "keep.py", "a.log", "important.log", "build/out.o", "src/build/deep.o", "src/lib.c", "doc/build",
            "x/y/cache/f",
            "x/cache/f", "data/raw/1.bin", "data/raw/keep.txt", "secret.env", "sub/only-here.tmp",
            "other/only-here.tmp",
            "sub/top", "top", "[x]", "venv/bin/python", ".git/config", "sub/.git", "with space ", "foo/a/b/bar",
            "foo/bar",
        ] { try scratch.write("tree/\(name)") }
        try scratch.write(
            "tree/.gitignore",
            "# comment\n*.log\n!important.log\nbuild/\n**/cache/\n/data/raw/*\n!/data/raw/keep.txt\n/top\n\\[x\\]\nfoo/**/bar\n"
        )
        try scratch.write("tree/sub/.gitignore", "*.tmp\n")
        try scratch.write("tree/.mayflyignore", "*.env\nvenv\n!a.log\n")
        let packed = try await TreePacker.pack(folder: tree, into: scratch.path + "/blobs")
        let names = try Self.names(packed).filter { !$0.hasSuffix("/") && $0 != ".mayfly-end" }
        #expect(
            Set(names) == [
                ".gitignore", ".mayflyignore", "keep.py", "a.log", "important.log", "src/lib.c", "doc/build",
                "data/raw/keep.txt", "other/only-here.tmp", "sub/.gitignore", "sub/top", "with space ",
            ])
    }

    /// git itself is the judge of what its patterns mean.
    @Test func agreesWithGit() async throws {
        let scratch = try Scratch()
        let patterns = "*.a\n!keep.a\n/b/*\n!/b/c\nd/**\n**/e/f\ng?h\n[i-k]*\nl/\nm/n\n*~\nq/**/r\n!q/s/r\n\\!t\nu\\ \n"
        try scratch.write("tree/.gitignore", patterns)
        for name in [
            "x.a", "keep.a", "z/keep.a", "b/c", "b/d", "z/b/d", "d/1", "d/2/3", "z/d/1", "e/f", "z/e/f", "z/y/e/f",
            "e/g",
            "gxh", "g/h", "i1", "z/j", "h1", "l/1", "z/l/1", "z/q/l", "m/n", "z/m/n", "back~", "q/r", "q/s/r",
            "q/s/t/r", "!t",
            "u ", "u", "z/u ",
        ] { try scratch.write("tree/\(name)") }
        try scratch.sh("git init -q tree")
        let expected = try Scratch.run(
            "cd '\(scratch.path)/tree' && git -c core.quotePath=false -c core.excludesFile=/dev/null ls-files -o --exclude-standard -z | tr '\\0' '\\n'"
        ).text.split(separator: "\n").map(String.init)
        let packed = try await TreePacker.pack(folder: scratch.path + "/tree", into: scratch.path + "/blobs")
        let names = try Self.names(packed).filter { !$0.hasSuffix("/") && $0 != ".mayfly-end" }
        #expect(names.sorted() == expected.sorted())
        // A folder inside a work tree obeys the rules above it.
        let inner = try await TreePacker.pack(folder: scratch.path + "/tree/z", into: scratch.path + "/blobs")
        let innerNames = try Self.names(inner).filter { !$0.hasSuffix("/") && $0 != ".mayfly-end" }
        #expect(innerNames.map { "z/" + $0 }.sorted() == expected.filter { $0.hasPrefix("z/") }.sorted())
    }

    @Test func oddThingsAreNamed() async throws {
        let scratch = try Scratch()
        try scratch.write("tree/file")
        try scratch.sh("cd tree && mkfifo pipe && ln -s /etc/passwd out && ln -s file in && mkdir empty")
        let packed = try await TreePacker.pack(folder: scratch.path + "/tree", into: scratch.path + "/blobs")
        #expect(packed.warnings.count == 2)
        #expect(packed.warnings.contains { $0.contains("pipe") })
        #expect(packed.warnings.contains { $0.contains("/etc/passwd") })
        #expect(try Self.names(packed) == ["empty/", "file", "in", "out", ".mayfly-end"])
    }

    @Test func aMissingFolderIsAnError() async throws {
        let scratch = try Scratch()
        await #expect(throws: TreeArchiveError.self) {
            try await TreePacker.pack(folder: scratch.path + "/none", into: scratch.path + "/blobs")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/blobs").isEmpty)
    }

    @Test func gitStampKnowsCommitAndDirt() async throws {
        let scratch = try Scratch()
        try scratch.write("tree/file")
        #expect(await GitStamp.read(folder: scratch.path + "/none") == nil)
        try scratch.sh(
            "cd tree && git init -q && git add . && git -c user.name=a -c user.email=a@b commit -q --no-gpg-sign -m x")
        let clean = try #require(await GitStamp.read(folder: scratch.path + "/tree"))
        #expect(clean.commit.count == 40)
        #expect(!clean.isDirty)
        try scratch.write("tree/other")
        #expect(await GitStamp.read(folder: scratch.path + "/tree")?.isDirty == true)
    }
}
