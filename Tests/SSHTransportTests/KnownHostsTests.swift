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
