import Foundation
import Testing

@testable import SSHTransport

/// What `known_hosts` files say; OpenSSH's `ssh-keygen -F` is the judge of which lines mean which host.
@Suite(.timeLimit(.minutes(2))) struct KnownHostsTests {
    let one = SSHPrivateKey.generateEd25519(comment: "").publicKey
    let two = SSHPrivateKey.generateEd25519(comment: "").publicKey

    func withFolder<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "mayfly-known-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }

    func endpoint(_ host: String, _ port: Int = 22) -> SSHEndpoint { SSHEndpoint(host: host, port: port) }

    func verdict(_ line: String, _ endpoint: SSHEndpoint) -> SSHKnownHosts.Verdict {
        SSHKnownHosts("\(line) \(one.openSSH)\n", file: "f").check(one, of: endpoint)
    }

    @Test(arguments: [
        "example.org", "Example.ORG", "*.example.org", "a.example.org,b.example.org", "*", "?.example.org",
        "*.example.org,!b.example.org", "!a.example.org,*", "!a.example.org", "[example.org]:2222", "[*]:2222",
        "*:2222",
        "10.0.0.?", "10.*.1", "2001:db8::1", "[2001:db8::1]:2222", "a*b*c*example.org", "exam*le.o?g", "*.*.*",
        ",,a.example.org",
        "**", "*x", "[*.example.org]:*",
    ])
    func patternsMeanWhatOpenSSHTakesThemFor(hosts: String) async throws {
        let names = [
            endpoint("example.org"), endpoint("EXAMPLE.org"), endpoint("a.example.org"), endpoint("b.example.org"),
            endpoint("example.org", 2222), endpoint("a.example.org", 2222), endpoint("10.0.0.1"), endpoint("10.1.1.1"),
            endpoint("2001:db8::1"), endpoint("2001:db8::1", 2222), endpoint("axbycz.example.org"), endpoint("x"),
        ]
        try await withFolder { folder in
            let file = folder.appending(path: "known_hosts").path
            try "\(hosts) \(one.openSSH)\n".write(toFile: file, atomically: true, encoding: .utf8)
            let ours = try await SSHKnownHosts.load(file)
            #expect(ours.ignored.isEmpty)
            for name in names {
                let asked = name.port == 22 ? name.host : "[\(name.host)]:\(name.port)"
                // Its status says only whether there was one.
                let theirs = try run("sh", "-c", "ssh-keygen -F \"$0\" -f \"$1\"; true", asked.lowercased(), file)
                let isKnown = ours.check(one, of: name) != .unknown
                #expect(isKnown == theirs.contains("ssh-ed25519"), "\(hosts) for \(asked)")
            }
        }
    }

    @Test func hashedNames() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "known_hosts").path
            try """
            example.org \(one.openSSH)
            [example.org]:2222 \(two.openSSH)

            """.write(toFile: file, atomically: true, encoding: .utf8)
            try run("ssh-keygen", "-q", "-H", "-f", file)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(!text.contains("example"))
            let hosts = try await SSHKnownHosts.load(file)
            #expect(hosts.ignored.isEmpty)
            #expect(hosts.check(one, of: endpoint("example.org")) == .known(.init(file: file, line: 1)))
            #expect(hosts.check(two, of: endpoint("Example.org", 2222)) == .known(.init(file: file, line: 2)))
            #expect(hosts.keys(of: endpoint("example.org", 23)) == [])
            #expect(
                hosts.check(two, of: endpoint("example.org"))
                    == .mismatch([.init(location: .init(file: file, line: 1), key: one)]))
        }
    }

    @Test func everyKindOfLine() throws {
        let text = [
            "# a comment", "", "   ", "a \(one.openSSH) and a comment\r", "\ta\t\(two.openSSH)", "   # another",
            "@cert-authority *.example.org \(one.openSSH)", "@revoked b \(two.openSSH)", "@strange c \(one.openSSH)",
            "a", "a ssh-ed25519", "a ssh-ed25519 ####", "a ssh-rsa \(one.openSSH.split(separator: " ")[1])",
            "old 1024 35 1234567890", "|1|AAAA|BBBB \(one.openSSH)", "|2|x|y \(one.openSSH)", "\u{0} \u{1}",
            "b \(two.openSSH)",
        ].joined(separator: "\n")
        let hosts = SSHKnownHosts(text, file: "f")
        #expect(hosts.keys(of: endpoint("a")) == [one, two])
        #expect(hosts.check(two, of: endpoint("a")) == .known(.init(file: "f", line: 5)))
        // Revoked wins, though a later line vouches for the key.
        #expect(hosts.check(two, of: endpoint("b")) == .revoked(.init(file: "f", line: 8)))
        #expect(hosts.ignored.map(\.location.line) == [7, 9, 10, 11, 12, 13, 14, 15, 16, 17])
        #expect(hosts.ignored[0].reason.contains("certificates"))
        #expect(hosts.ignored[1].reason.contains("@strange"))
        #expect(hosts.ignored[6].reason.contains("protocol 1"))
    }

    @Test func patternsCannotTakeLong() {
        let pattern = String(repeating: "*a", count: 10_000)
        let name = endpoint(String(repeating: "a", count: 20_000) + "b")
        #expect(verdict(pattern, name) == .unknown)
    }

    @Test func missingFilesAreEmptyAndUnreadableOnesAreNot() async throws {
        try await withFolder { folder in
            let hosts = try await SSHKnownHosts.load(folder.appending(path: "none").path)
            #expect(hosts.check(one, of: endpoint("a")) == .unknown)
            let error = await #expect(throws: SSHError.self) { try await SSHKnownHosts.load(folder.path) }
            #expect(error?.code == .knownHostsUnusable)
        }
    }
}

/// The same at real servers.
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
