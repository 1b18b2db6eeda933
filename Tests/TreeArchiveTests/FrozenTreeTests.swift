import Foundation
import OnInstance
import Testing

@testable import TreeArchive

/// A frozen tar read item by item, and what the supervisor does with files that came so.
@Suite(.timeLimit(.minutes(2)))
struct FrozenTreeTests {
    private static let tree = """
        mkdir -p tree/empty "tree/a b" && cd tree && printf hello > "a b/ c" && true > nothing && echo x > 'back\\slash'
        n=$(printf 'long%.0s' $(seq 50)); mkdir "$n" && echo deep > "$n/$n" && ln -s "$n/$n" link && ln -s "$n" "$n/$n.link"
        head -c 3000001 /dev/urandom > big; echo > "$(printf 'two\\nlines')"; echo > "$(printf 'latin\\344')"
        chmod 750 'a b'; chmod 555 "$n"; chmod 700 big; chmod 444 nothing
        find . -exec touch -h -d @1700000000 {} +
        """

    private func packed(_ scratch: Scratch) async throws -> [UInt8] {
        try scratch.sh(Self.tree)
        let packed = try await TreePacker.pack(folder: scratch.path + "/tree", into: scratch.path + "/blobs")
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: packed.path)))
    }

    /// In pieces of odd lengths, as they may come.
    private func reader(_ bytes: [UInt8], piece: Int = 100_003) -> FrozenTree {
        let source = Pieces(bytes, piece)
        return FrozenTree { await source.next() }
    }

    private actor Pieces {
        private var rest: ArraySlice<UInt8>
        private let piece: Int

        init(_ bytes: [UInt8], _ piece: Int) {
            rest = bytes[...]
            self.piece = piece
        }

        func next() -> [UInt8]? {
            if rest.isEmpty { return nil }
            defer { rest = rest.dropFirst(piece) }
            return Array(rest.prefix(piece))
        }
    }

    @Test func whatWasPackedIsRead() async throws {
        let scratch = try Scratch()
        let frozen = reader(try await packed(scratch))
        try scratch.sh("mkdir copy")
        var order: [[UInt8]] = []
        var closed: [(String, UInt32)] = []
        while let item = try await frozen.next() {
            order.append(item.path)
            #expect(item.modified == 1_700_000_000)
            let place = Array("\(scratch.path)/copy/".utf8) + item.path
            switch item.kind {
            case .folder:
                #expect(withPath(place) { mkdir($0, 0o700) } == 0)
                closed.append((String(decoding: place, as: UTF8.self), item.permissions))
            case .link(let target): #expect(withPath(target) { to in withPath(place) { symlink(to, $0) } } == 0)
            case .file:
                let descriptor = withPath(place) { open($0, O_WRONLY | O_CREAT | O_EXCL, 0o600) }
                try #require(descriptor >= 0)
                defer { close(descriptor) }
                while case let bytes = try await frozen.content(upTo: 70_001), !bytes.isEmpty {
                    #expect(bytes.withUnsafeBytes { writeFully(descriptor, $0) } == 0)
                }
                #expect(fchmod(descriptor, item.permissions) == 0)
                let sum = try Scratch.run("sha256sum < /proc/\(getpid())/fd/\(descriptor)").text.prefix(64)
                #expect(frozen.sha256 == String(sum))
            }
        }
        for (folder, rights) in closed { #expect(chmod(folder, rights) == 0) }
        #expect(order.map { $0.split(separator: UInt8(ascii: "/")).count }.max() == 2)
        #expect(order.firstIndex(of: Array("a b".utf8))! < order.firstIndex(of: Array("a b/ c".utf8))!)
        let listing = "find . \\( -type l -printf '%P %l\\n' -o -printf '%y %m %P\\n' \\) | LC_ALL=C sort"
        let read = try Scratch.run("cd '\(scratch.path)/copy' && chmod 755 . && \(listing)").text
        #expect(read == (try Scratch.run("cd '\(scratch.path)/tree' && chmod 755 . && \(listing)").text))
        #expect(try Scratch.run("diff -r '\(scratch.path)/tree' '\(scratch.path)/copy'").code == 0)
    }

    @Test func filesThatNobodyReadsArePassedOver() async throws {
        let scratch = try Scratch()
        let frozen = reader(try await packed(scratch), piece: 511)
        var count = 0
        while try await frozen.next() != nil { count += 1 }
        #expect(count == 12)
    }

    @Test func everyCutAndEveryDamagedHeaderIsNoticed() async throws {
        let scratch = try Scratch()
        try scratch.sh("mkdir -p tree/sub && echo 1 > tree/sub/one && echo 2 > tree/two")
        let packed = try await TreePacker.pack(folder: scratch.path + "/tree", into: scratch.path + "/blobs")
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: packed.path)))
        let end = try #require(bytes.firstRange(of: Array(".mayfly-end".utf8))).lowerBound
        for length in stride(from: 0, through: end, by: 512) {
            await #expect(throws: TreeArchiveError.self, "cut at \(length)") {
                let frozen = reader(Array(bytes[..<length]))
                while try await frozen.next() != nil {}
            }
        }
        for place in [0, 100, 130, 156, 512 + 3] {
            var damaged = bytes
            damaged[place] ^= 1
            await #expect(throws: TreeArchiveError.self, "damaged at \(place)") {
                let frozen = reader(damaged)
                while try await frozen.next() != nil {}
            }
        }
    }

    // MARK: The supervisor's side

    /// What SFTP would have made.
    private static func fill(_ instance: CollectTests.Instance) throws {
        let staged = try instance.perform(instance.supervisor.stageCode())
        try #require(staged.text == "staging \(instance.scratch.path)/home/.mayfly-upload.files\n")
        try instance.scratch.sh(
            """
            cd home/.mayfly-upload.files && mkdir sub && echo one > sub/one && echo two > 'a b' && ln -s sub/one link &&
            { for f in 'a b' sub/one; do echo "h $(sha256sum < "$f" | cut -c -64)  ./$f"; done; echo end; } > .mayfly-end
            """)
    }

    @Test func codeThatCameAsFilesIsVerifiedAndPlacedOnce() async throws {
        let instance = try CollectTests.Instance()
        try instance.scratch.sh("echo mine > home/work/startup-made-this")
        try Self.fill(instance)
        try instance.scratch.sh("echo One > home/.mayfly-upload.files/sub/one")
        let refused = try instance.perform(
            RemoteStep(command: instance.supervisor.takeCode().command + " 2>&1", input: []))
        #expect(refused.code == 1 && refused.text.contains("./sub/one is not what was sent"), "\(refused.text)")
        #expect(try instance.perform(instance.supervisor.takeCode()).code == 1, "nothing is left of it")

        try Self.fill(instance)
        try instance.scratch.sh("sed -i '$d' home/.mayfly-upload.files/.mayfly-end")
        #expect(try instance.perform(instance.supervisor.takeCode()).code == 1, "a cut list is none")

        try Self.fill(instance)
        // A second beginning of it, after a lost connection.
        try Self.fill(instance)
        for answer in ["verified 2\nuploaded\n", "uploaded\n"] {
            let taken = try instance.perform(instance.supervisor.takeCode())
            #expect(taken.code == 0 && taken.text == answer, "\(taken.text)")
        }
        #expect(try instance.perform(instance.supervisor.stageCode()).text == "uploaded\n")
        let listing = try Scratch.run("cd '\(instance.scratch.path)/home' && find . | LC_ALL=C sort").text
        #expect(
            listing == ".\n./work\n./work/a b\n./work/link\n./work/startup-made-this\n./work/sub\n./work/sub/one\n")
        #expect(try Scratch.run("ls '\(instance.scratch.path)/state/abcdefgh'").text.contains("upload.want") == false)
    }
}
