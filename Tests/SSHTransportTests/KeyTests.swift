import Foundation
import SSHTransport
import Testing

@Suite struct KeyTests {
    func withFolder<Value>(_ body: (URL) throws -> Value) throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "mayfly-key-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    func store(_ pem: String, in folder: URL) throws -> String {
        let file = folder.appending(path: "key")
        try pem.write(to: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        return file.path
    }

    @Test(arguments: ["", "a", "me@example.org", "ein längerer Kommentar"])
    func generatedKeyIsReadByOpenSSH(comment: String) throws {
        let key = SSHPrivateKey.generateEd25519(comment: comment)
        let printed = try withFolder { try run("ssh-keygen", "-y", "-f", store(key.openSSHPEM, in: $0)) }
        #expect(try SSHPublicKey(openSSH: printed) == key.publicKey)
        #expect(printed.hasPrefix(key.publicKey.openSSH))
        let again = try SSHPrivateKey(openSSHPEM: key.openSSHPEM)
        #expect(again.publicKey == key.publicKey)
        #expect(again.openSSHPEM == key.openSSHPEM)
    }

    @Test(arguments: [["ed25519"], ["ecdsa", "-b", "256"], ["ecdsa", "-b", "384"], ["ecdsa", "-b", "521"]])
    func keysOfOpenSSHAreRead(kind: [String]) throws {
        try withFolder { folder in
            let file = folder.appending(path: "theirs").path
            let arguments = ["ssh-keygen", "-q", "-N", "", "-C", "x", "-f", file, "-t"] + kind
            try run(arguments)
            let key = try SSHPrivateKey(openSSHPEM: String(contentsOfFile: file, encoding: .utf8))
            let theirs = try SSHPublicKey(openSSH: String(contentsOfFile: file + ".pub", encoding: .utf8))
            #expect(key.publicKey == theirs)
            let listed = try run("ssh-keygen", "-l", "-f", file + ".pub")
            #expect(listed.contains(" \(key.publicKey.fingerprint) "))
            let printed = try run("ssh-keygen", "-y", "-f", store(key.openSSHPEM, in: folder))
            #expect(try SSHPublicKey(openSSH: printed) == theirs)
        }
    }

    @Test func rsaIsRefusedWithTheReason() throws {
        let pem = try withFolder { folder in
            let file = folder.appending(path: "rsa").path
            try run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", file)
            return try String(contentsOfFile: file, encoding: .utf8)
        }
        let error = #expect(throws: SSHError.self) { try SSHPrivateKey(openSSHPEM: pem) }
        #expect(error?.code == .unsupportedKey)
        #expect(error?.message.contains("SHA-1") == true)
    }

    @Test func damageNeverTraps() throws {
        let pem = SSHPrivateKey.generateEd25519(comment: "c").openSSHPEM
        let lines = pem.split(separator: "\n").map(String.init)
        let body = try #require(Data(base64Encoded: lines[1..<(lines.count - 1)].joined()))
        func wrapped(_ data: Data) -> String {
            "\(lines[0])\n\(data.base64EncodedString())\n\(lines[lines.count - 1])\n"
        }
        for length in 0..<body.count - 8 {
            #expect(throws: SSHError.self) { try SSHPrivateKey(openSSHPEM: wrapped(body.prefix(length))) }
        }
        for index in 0..<body.count {
            var changed = body
            changed[index] ^= 0xff
            _ = try? SSHPrivateKey(openSSHPEM: wrapped(changed))
        }
        for text in ["", "ssh-ed25519", "ssh-ed25519 ####", "ssh-rsa AAAA", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"] {
            #expect(throws: SSHError.self) { try SSHPublicKey(openSSH: text) }
        }
    }

    @Test func descriptionsHoldNoSecret() {
        let key = SSHPrivateKey.generateEd25519(comment: "c")
        let secret = key.openSSHPEM.split(separator: "\n")[3]
        #expect(!"\(key)".contains(secret))
        #expect("\(key)".contains(key.publicKey.fingerprint))
    }
}
