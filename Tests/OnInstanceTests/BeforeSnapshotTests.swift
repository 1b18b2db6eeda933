import Foundation
import MayflyCore
import OnInstance
import Testing

/// What leaves the disk before it becomes a snapshot, and what stays.
@Suite struct BeforeSnapshotTests {
    private static let identity = AttemptIdentity(
        installation: "aaaaaaaa", job: JobID(rawValue: 7), attempt: 1, nonce: "nnnnnnnnnnnnn")
    private static let others = "ssh-ed25519 AAAA someone@home\nssh-ed25519 BBBB mf-aaaaaaaa-other\n"

    private static func instance() async throws -> TestInstance {
        let instance = try await TestInstance()
        try FileManager.default.createDirectory(atPath: "\(instance.home)/.ssh", withIntermediateDirectories: true)
        try "\(others)ssh-ed25519 CCCC \(identity)\n".write(
            toFile: "\(instance.home)/.ssh/authorized_keys", atomically: true, encoding: .utf8)
        _ = try await instance.complete(TestInstance.launch(.shell("echo x >\"$MAYFLY_OUTPUTS/x\"; echo y >y")))
        return instance
    }

    @Test func keysAndStateGo() async throws {
        let instance = try await Self.instance()
        let step = instance.supervisor.beforeSnapshot(of: Self.identity, keepingState: false)
        #expect(["ready", "partly"].contains(try await instance.run(step).line))
        let keys = try String(contentsOfFile: "\(instance.home)/.ssh/authorized_keys", encoding: .utf8)
        #expect(keys == Self.others)
        #expect(!instance.exists("\(instance.state)/outputs") && !instance.exists("\(instance.state)/supervisor.sh"))
        #expect(instance.exists("\(instance.home)/work/y"), "the user's own")
    }

    @Test func whatCouldNotBeFetchedStays() async throws {
        let instance = try await Self.instance()
        let step = instance.supervisor.beforeSnapshot(of: Self.identity, keepingState: true)
        #expect(["ready", "partly"].contains(try await instance.run(step).line))
        #expect(instance.exists("\(instance.state)/outputs/x"))
        let keys = try String(contentsOfFile: "\(instance.home)/.ssh/authorized_keys", encoding: .utf8)
        #expect(keys == Self.others)
        // Repeated, as after a lost answer, it finds nothing more to do.
        #expect(["ready", "partly"].contains(try await instance.run(step).line))
    }
}
