import Foundation
import SSHTransport
import Testing

/// What `known_hosts` files mean for connections to real servers.
@Suite(.timeLimit(.minutes(2))) struct KnownHostsLoginTests {
    func failure(_ server: SSHServer, _ check: SSHHostKeyCheck) async -> SSHError? {
        await #expect(throws: SSHError.self) { await (try server.connect(hostKey: check)).close() }
    }

    func line(_ server: SSHServer, _ key: SSHPublicKey? = nil) -> String {
        "[\(server.host)]:\(server.port) \((key ?? server.hostKey).openSSH)\n"
    }

    @Test func theKnownKindOfKeyIsAskedFor() async throws {
        // A second host key, of the kind that libssh2 would prefer. sshd reads it again for every connection.
        let file = FileManager.default.temporaryDirectory.appending(path: "mayfly-host-\(UUID().uuidString.prefix(8))")
            .path
        defer { for name in [file, file + ".pub"] { try? FileManager.default.removeItem(atPath: name) } }
        try run("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", file)
        let server = try await SSHServer(settings: ["HostKey \(file)"])
        let connection = try await server.connect(hostKey: .knownHosts(SSHKnownHosts(line(server), file: "f")))
        #expect(connection.hostKey == server.hostKey)
        await connection.close()
        // Left alone, libssh2 asks for the other: the test would pass without asking.
        let other = try await server.connect(hostKey: .accept { _ in true })
        #expect(other.hostKey.algorithm == "ecdsa-sha2-nistp256")
        await other.close()
    }

    @Test func unknownMismatchAndRevoked() async throws {
        let server = try await SSHServer()
        let other = SSHPrivateKey.generateEd25519(comment: "").publicKey
        let unknown = await failure(server, .knownHosts(SSHKnownHosts("a \(other.openSSH)", file: "/x/known")))
        #expect(unknown?.code == .hostKeyUnknown)
        #expect(unknown?.message.contains("/x/known") == true)
        #expect(unknown?.message.contains(line(server).dropLast()) == true)

        let mismatch = await failure(server, .knownHosts(SSHKnownHosts("\n" + line(server, other), file: "/x/known")))
        #expect(mismatch?.code == .hostKeyMismatch)
        for part in [other.fingerprint, server.hostKey.fingerprint, "/x/known:2", "ssh-keygen -R"] {
            #expect(mismatch?.message.contains(part) == true, "\(part)")
        }

        let text = line(server) + "@revoked * \(server.hostKey.openSSH)\n"
        let revoked = await failure(server, .knownHosts(SSHKnownHosts(text, file: "/x/known")))
        #expect(revoked?.code == .hostKeyRevoked)
        #expect(revoked?.message.contains("/x/known:2") == true)
        let stillRevoked = await failure(server, .acceptNew(SSHKnownHosts(text, file: "f"), appendTo: "/dev/null"))
        #expect(stillRevoked?.code == .hostKeyRevoked)
    }

    @Test func acceptNewRemembers() async throws {
        let server = try await SSHServer()
        let file = server.folder.appending(path: "known_hosts").path
        let nothing = SSHKnownHosts()
        // Ten at once, none of which knows of the others: one line comes of it.
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<10 {
                tasks.addTask { await (try server.connect(hostKey: .acceptNew(nothing, appendTo: file))).close() }
            }
            try await tasks.waitForAll()
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == line(server))
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        await (try server.connect(hostKey: .knownHosts(try await SSHKnownHosts.load(file)))).close()
    }

    @Test func acceptNewKeepsWhatIsThere() async throws {
        let server = try await SSHServer()
        let file = server.folder.appending(path: "known_hosts").path
        let other = SSHPrivateKey.generateEd25519(comment: "").publicKey
        let before = "# mine, without an end of line\nother \(other.openSSH)"
        try before.write(toFile: file, atomically: true, encoding: .utf8)
        await (try server.connect(hostKey: .acceptNew(try await SSHKnownHosts.load(file), appendTo: file))).close()
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "\(before)\n\(line(server))")

        // Written by somebody else since it was read.
        try line(server, other).write(toFile: file, atomically: true, encoding: .utf8)
        #expect(await failure(server, .acceptNew(SSHKnownHosts(), appendTo: file))?.code == .hostKeyMismatch)
        let nowhere = await failure(server, .acceptNew(SSHKnownHosts(), appendTo: "/nowhere/at/all"))
        #expect(nowhere?.code == .knownHostsUnusable)
    }

    @Test func keyOfAKindThatTheServerLacks() async throws {
        let server = try await SSHServer()
        let made = try KeyFileTests.made("-N", "", "-t", "rsa", "-b", "2048")
        let error = await failure(server, .knownHosts(SSHKnownHosts(line(server, made.key), file: "f")))
        #expect(error?.code == .protocolError)
        #expect(error?.message.contains("ssh-rsa") == true)
        let strange =
            "[\(server.host)]:\(server.port) ssh-dss \(Data([0, 0, 0, 7] + "ssh-dss".utf8 + [0, 0, 0, 0]).base64EncodedString())"
        #expect(await failure(server, .knownHosts(SSHKnownHosts(strange, file: "f")))?.code == .unsupportedKey)
    }
}
