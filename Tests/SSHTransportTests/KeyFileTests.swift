import Foundation
import SSHTransport
import Testing

/// Key files as `ssh-keygen` writes them, encrypted ones above all.
@Suite(.timeLimit(.minutes(2))) struct KeyFileTests {
    /// A fresh key file: its content and its public half.
    static func made(_ options: String...) throws -> (pem: String, key: SSHPublicKey) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "mayfly-key-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "key").path
        try run(["ssh-keygen", "-q", "-C", "c", "-f", file] + options)
        return (
            try String(contentsOfFile: file, encoding: .utf8),
            try SSHPublicKey(openSSH: String(contentsOfFile: file + ".pub", encoding: .utf8))
        )
    }

    func failure(_ pem: String, _ passphrase: String? = nil) -> SSHError? {
        #expect(throws: SSHError.self) { try SSHPrivateKey(pem: pem, passphrase: passphrase) }
    }

    @Test(arguments: [["ed25519"], ["ecdsa", "-b", "256"], ["ecdsa", "-b", "384"], ["ecdsa", "-b", "521"]])
    func encryptedKeysOpenWithTheirPassphraseOnly(kind: [String]) throws {
        for passphrase in ["secret", "p", "Schlüssel mit Leerzeichen", String(repeating: "long", count: 50)] {
            let made = try Self.made("-a", "1", "-N", passphrase, "-t", kind[0], "-b", kind.count > 1 ? kind[2] : "256")
            #expect(try SSHPrivateKey(pem: made.pem, passphrase: passphrase).publicKey == made.key)
            #expect(failure(made.pem)?.code == .passphraseRequired)
            #expect(failure(made.pem, "")?.code == .passphraseRequired)
            for wrong in [passphrase + "x", "Secret", "secret\0"] {
                let error = failure(made.pem, wrong)
                #expect(error?.code == .wrongPassphrase)
                #expect(error.map { !"\($0)".contains(wrong) } == true)
            }
        }
    }

    @Test func defaultsOfSSHKeygen() throws {
        let made = try Self.made("-N", "secret", "-t", "ed25519")
        let key = try SSHPrivateKey(pem: made.pem, passphrase: "secret")
        #expect(key.publicKey == made.key)
        // What was read is a whole key: written again, without a passphrase, it is the same.
        #expect(try SSHPrivateKey(pem: key.openSSHPEM).publicKey == made.key)
    }

    @Test(arguments: ["aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-cbc", "aes256-cbc"])
    func otherCiphers(cipher: String) throws {
        let made = try Self.made("-a", "1", "-N", "secret", "-Z", cipher, "-t", "ed25519")
        #expect(try SSHPrivateKey(pem: made.pem, passphrase: "secret").publicKey == made.key)
        #expect(failure(made.pem, "other")?.code == .wrongPassphrase)
    }

    @Test(arguments: ["aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"])
    func cipherThatLibSSH2Lacks(cipher: String) throws {
        let made = try Self.made("-a", "1", "-N", "secret", "-Z", cipher, "-t", "ed25519")
        let error = failure(made.pem, "secret")
        #expect(error?.code == .unsupportedKey)
        #expect(error?.message.contains("ssh-keygen -p -Z aes256-ctr") == true)
    }

    @Test(arguments: ["PKCS8", "PEM"], ["256", "384", "521"])
    func otherFormatsOfECDSA(format: String, bits: String) throws {
        let plain = try Self.made("-N", "", "-m", format, "-t", "ecdsa", "-b", bits)
        #expect(try SSHPrivateKey(pem: plain.pem).publicKey == plain.key)
        let locked = try Self.made("-N", "secret", "-m", format, "-t", "ecdsa", "-b", bits)
        let error = failure(locked.pem, "secret")
        #expect(error?.code == .unsupportedKey)
        #expect(error?.message.contains("ssh-keygen -p") == true)
    }

    @Test func ed25519InPKCS8() throws {
        // The example of RFC 8410 10.3.
        let pem = """
            -----BEGIN PRIVATE KEY-----\r
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\r
            -----END PRIVATE KEY-----\r

            """
        let expected = try #require(Data(base64Encoded: "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="))
        let key = try SSHPrivateKey(pem: pem).publicKey
        let text = try #require(key.openSSH.split(separator: " ").last.map(String.init))
        #expect(Data(base64Encoded: text)?.suffix(32) == expected.suffix(32))
    }

    @Test(arguments: ["RFC4716", "PKCS8", "PEM"], ["", "secret"])
    func rsaIsRefusedWithTheRemedy(format: String, passphrase: String) throws {
        let made = try Self.made("-N", passphrase, "-m", format, "-t", "rsa", "-b", "2048")
        let error = failure(made.pem, passphrase)
        #expect(error?.code == .unsupportedKey)
        if passphrase.isEmpty || format == "RFC4716" {
            #expect(error?.message.contains("ssh-keygen -t ed25519") == true)
        } else {
            #expect(error?.message.contains("ssh-keygen -p") == true)
        }
    }

    @Test func endlessKeyDerivationIsRefused() throws {
        let made = try Self.made("-a", "1", "-N", "secret", "-t", "ed25519")
        let lines = made.pem.split(separator: "\n").map(String.init)
        var body = try #require(Data(base64Encoded: lines[1..<(lines.count - 1)].joined()))
        let kdf = try #require(body.range(of: Data("bcrypt".utf8)))
        // Behind the name: length of the options, length of the salt, 16 bytes of salt, the rounds.
        let rounds = kdf.upperBound + 4 + 4 + 16
        #expect(body[rounds..<(rounds + 4)].elementsEqual([0, 0, 0, 1]))
        body.replaceSubrange(rounds..<(rounds + 4), with: [0x7f, 0xff, 0xff, 0xff])
        let error = failure("\(lines[0])\n\(body.base64EncodedString())\n\(lines[lines.count - 1])\n", "secret")
        #expect(error?.code == .unsupportedKey)
        #expect(error?.message.contains("2147483647 rounds") == true)
    }

    @Test func notAKey() {
        #expect(failure("")?.code == .invalidKey)
        #expect(failure("ssh-ed25519 AAAA")?.code == .invalidKey)
        #expect(failure("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n")?.code == .invalidKey)
        #expect(failure("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")?.code == .unsupportedKey)
        #expect(failure(String(repeating: "x", count: 1 << 20))?.code == .invalidKey)
    }
}

/// The whole way from an encrypted file to a command.
@Suite(.timeLimit(.minutes(2))) struct KeyFileLoginTests {
    @Test(arguments: ["ed25519", "ecdsa"])
    func encryptedKeyLogsIn(kind: String) async throws {
        let server = try await SSHServer()
        let made = try KeyFileTests.made("-N", "secret", "-t", kind)
        try (made.key.openSSH + "\n").write(
            to: server.folder.appending(path: "authorized_keys"), atomically: true, encoding: .utf8)
        let credential = try await SSHCredential.keyFile(user: server.user, pem: made.pem, passphrase: "secret")
        let connection = try await SSHConnection.connect(
            to: server.endpoint, credential: credential, hostKey: .pinned(server.hostKey), logger: quiet)
        #expect(try await connection.collect("exit 7").exit == .status(7))
        await connection.close()
        let error = await #expect(throws: SSHError.self) {
            try await SSHCredential.keyFile(user: server.user, pem: made.pem, passphrase: "other")
        }
        #expect(error?.code == .wrongPassphrase)
    }
}
