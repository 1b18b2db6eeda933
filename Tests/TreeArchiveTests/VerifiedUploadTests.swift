import Foundation
import OnInstance
import Testing
import TreeArchive

/// What arrives on an instance is compared with what was read here, file by file.
@Suite(.timeLimit(.minutes(2)))
struct VerifiedUploadTests {
    private let instance: CollectTests.Instance

    init() throws { instance = try CollectTests.Instance() }

    private func pack(_ name: String) async throws -> (bytes: [UInt8], sender: TreeSender) {
        let sender = try TreeSender(paths: ["\(instance.scratch.path)/\(name)"])
        var bytes: [UInt8] = []
        while let piece = try await sender.next() { bytes += piece }
        return (bytes, sender)
    }

    /// With what it says to people.
    private func take(_ bytes: [UInt8]) throws -> Scratch.Output {
        let step = instance.supervisor.take(at: "dst")
        return try instance.perform(RemoteStep(command: step.command + " 2>&1", input: []), input: bytes)
    }

    private var left: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: instance.work) }
    }

    @Test(arguments: ["src/plain", "src/odd\nname"]) func aFlippedByteIsSeen(_ name: String) async throws {
        try instance.scratch.sh("mkdir src && echo other > src/other")
        try instance.scratch.write(name, "the one and only content")
        let (bytes, _) = try await pack("src")
        let content = try #require(bytes.firstRange(of: Array("only content".utf8)))
        var damaged = bytes
        damaged[content.lowerBound] ^= 1
        let refused = try take(damaged)
        #expect(refused.code != 0)
        #expect(refused.text.contains("is not what was sent"), "\(refused.text)")
        #expect(!refused.text.contains("src/other"), "\(refused.text)")
        #expect(try left == [])
        let taken = try take(bytes)
        #expect(taken.code == 0 && taken.text == "verified 2\ntaken\n", "\(taken.text)")
    }

    @Test func namesOfAllKindsAreFound() async throws {
        try instance.scratch.sh(
            """
            mkdir -p 'src/a b/ c' && cd src && touch -- -n 'back\\slash' 'tab	' ' lead' '*' "$(printf 'umlaut\\344')" \\
                "$(printf 'two\\n\\nlines ')" 'a b/ c/%d\\n' && truncate -s 3M hole && echo 1 >> hole
            """)
        let (bytes, sender) = try await pack("src")
        #expect(sender.listedFiles == 9)
        let taken = try take(bytes)
        #expect(taken.code == 0 && taken.text.hasSuffix("verified 9\ntaken\n"), "\(taken.text)")
    }

    @Test func whatItsOwnerMayNotReadIsNotListed() async throws {
        try instance.scratch.sh(
            "mkdir -p src/shut/sub src/zopen && echo 1 > src/shut/sub/a && echo 2 > src/secret && echo 3 > src/zopen/c")
        try instance.scratch.sh("chmod 0 src/secret; chmod 0300 src/shut")
        guard getuid() == 0 else { return }
        let (bytes, sender) = try await pack("src")
        #expect((sender.listedFiles, sender.unreadableFiles) == (1, 2))
        #expect(try take(bytes).text == "verified 1\ntaken\n")
    }

    @Test func aListWithoutItsEndIsNone() throws {
        try instance.scratch.sh(
            "echo x > f && echo h $(sha256sum f | cut -c -64)'  ./f' > .mayfly-end && tar -cf tar f .mayfly-end")
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(instance.scratch.path)/tar")))
        #expect(try take(bytes).code != 0)
        #expect(try left == [])
    }

    @Test func theMarkOfAnOlderMayflyIsEmpty() throws {
        try instance.scratch.sh("echo x > f && touch .mayfly-end && tar -cf tar f .mayfly-end")
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(instance.scratch.path)/tar")))
        #expect(try take(bytes).text == "taken\n")
        #expect(try left == ["dst"])
    }
}
