import Crypto
import Foundation
import Testing

@testable import SSHTransport

/// Everything that is parsed here, given thousands of damaged inputs that are the same in every run. What can be asked
/// of each: it returns or throws an ``SSHError``, at once, and what it returns makes sense.
@Suite(.timeLimit(.minutes(2))) struct FuzzTests {
    /// SplitMix64.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    static let rounds = 1500

    // Always the same keys, or the inputs would not be.
    let ed25519: SSHPrivateKey
    let p256: SSHPrivateKey
    let p521: SSHPrivateKey
    let scalar256: P256.Signing.PrivateKey
    /// The same key as OpenSSL wrote it for long (RFC 5915), and the other in PKCS#8 (RFC 8410).
    let sec1: [UInt8]
    let edPKCS8: [UInt8]

    init() throws {
        let bytes = noise(32, seed: 42)
        ed25519 = SSHPrivateKey(material: .ed25519(try .init(rawRepresentation: bytes)), comment: "a comment")
        scalar256 = try .init(rawRepresentation: [1] + bytes.dropFirst())
        p256 = SSHPrivateKey(material: .p256(scalar256), comment: "")
        p521 = SSHPrivateKey(material: .p521(try .init(rawRepresentation: [0, 1] + noise(64, seed: 43))), comment: "c")
        let oid: [UInt8] = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]
        sec1 = [0x30, UInt8(5 + 32 + oid.count), 2, 1, 1, 4, 32] + Array(scalar256.rawRepresentation) + oid
        edPKCS8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20] + bytes
    }

    /// Written by `ssh-keygen -a 1 -N secret`, Ed25519 and, with `-Z aes128-cbc`, ECDSA; used for nothing else.
    static let locked = [
        """
        b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDezz7lVRWBAo7IOm6KVJORAAAAAQAAAAEA\
        AAAzAAAAC3NzaC1lZDI1NTE5AAAAINT0dsJcpnl8gl5Njh3QgyOegoRVuQdLGGjXKwBwfZdNAAAAkAKK1GH+Y/ugNQecfVP/\
        SFclYJAeGF7PIyChqAaNxfHEP0OAcSHl6kFUCrpNh1rxNG1B0co4k++IEH6ZKYCKGKNLdSNvBamhZqE8df4bEk4EE72KlNJK\
        u6M2xfX7BUFA5S+1KJnjCC6QG4/27hayJvfh485vwsaqQSbDANq7zMz8hIOzfloolqm0XgyHZa60Qg==
        """,
        """
        b3BlbnNzaC1rZXktdjEAAAAACmFlczEyOC1jYmMAAAAGYmNyeXB0AAAAGAAAABCrJu+zuNAfWaHMxaKqsIUPAAAAAQAAAAEA\
        AABoAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBOoMU7aqX1qDJvV7v1FLBYzaCsmWyB/ludTEypVa\
        0X2k2nNtZBvUV5TfYlaqxgYr1DUyHEOkYXbwoG6jEZw5xcgAAACgUkZEmXhEb6lOs500ahGsG0s/306pyXF/lxPtmY0CDRj/\
        bgSlBCIB/bcU5G42GkQ6O4NOBT62Ik5KO4xbyz8lCBeg4w4iq9srF+CZfWaTd5dMjNatF0CsBxmZgUiUBU4aBjYtyZKNR1R5\
        UlaDGeNhhjj6l9cxPQnpEMosp8w0g/s3fSSaf0Rzr36qJD042q5fEuZFlUJeU5sY18fDKBNvKQ==
        """,
    ]

    /// Bytes that mean something to one parser or another.
    static let tokens: [[UInt8]] =
        [
            [0], [0xff], [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0],
            [0, 0, 0, 1],
            [0, 0, 0, 64],
        ]
        + [
            "\n", "\r\n", " ", "\t", "#", "@revoked ", "@cert-authority ", "|1|", "|", ",", "!", "*", "?", "[", "]:22 ",
            "=", "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp521", "none", "bcrypt", "aes256-ctr", "openssh-key-v1\0",
            "-----BEGIN ", "PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED", "é",
            "\u{2028}",
        ].map { Array($0.utf8) }

    static func mutated(_ original: [UInt8], _ random: inout Generator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, at + Int.random(in: 1...16, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.removeSubrange(at..<end)
            case 3: bytes.removeSubrange(at...)
            case 4: bytes.insert(contentsOf: tokens.randomElement(using: &random) ?? [], at: at)
            case 5: bytes.replaceSubrange(at..<end, with: tokens.randomElement(using: &random) ?? [])
            case 6:
                bytes.insert(contentsOf: Array(bytes[at..<end]), at: Int.random(in: 0...bytes.count, using: &random))
            default: bytes.append(contentsOf: bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            }
            // Repeating oneself must not end in gigabytes.
            if bytes.count > 1 << 16 { bytes.removeLast(bytes.count - 1 << 16) }
        }
        return bytes
    }

    /// Runs `body` on damaged forms of each original; anything but an ``SSHError`` fails the test.
    func fuzz(
        _ originals: [[UInt8]], rounds: Int = Self.rounds, seed: UInt64, _ body: ([UInt8]) throws -> Void
    ) async throws {
        var random = Generator(state: seed)
        var refused = 0
        for round in 0..<rounds {
            // Other tests share these threads, and have deadlines.
            if round % 16 == 0 { await Task.yield() }
            let original = try #require(originals.randomElement(using: &random))
            do {
                try body(Self.mutated(original, &random))
            } catch is SSHError {
                refused += 1
            }
        }
        // Damage that nobody ever notices would mean that nothing was looked at.
        #expect(refused > rounds / 10)
    }

    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// A key whose parts all fit, and which is written as it was read.
    func check(_ key: SSHPrivateKey) throws {
        #expect(try SSHPrivateKey(pem: key.openSSHPEM).publicKey == key.publicKey)
        #expect(try !key.signature(for: [1, 2, 3]).isEmpty)
    }

    static func body(of pem: String) throws -> [UInt8] {
        Array(try #require(Data(base64Encoded: pem.split(separator: "\n").dropFirst().dropLast().joined())))
    }

    @Test func keyFiles() async throws {
        let pems =
            [ed25519.openSSHPEM, p256.openSSHPEM, p521.openSSHPEM, scalar256.pemRepresentation]
            + [
                "EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----"
            ]
            .map { "-----BEGIN \($0)\n" }
        // As text, where most damage breaks the armour,
        try await fuzz(pems.map { Array($0.utf8) }, seed: 1) { try check(SSHPrivateKey(pem: text($0))) }
        // and below it.
        try await fuzz(pems.prefix(3).map { try Self.body(of: $0) }, seed: 2) {
            try check(SSHPrivateKey(pem: SSHPrivateKey.armoured($0)))
        }
        try await fuzz([Array(scalar256.derRepresentation), sec1, edPKCS8], seed: 3) { bytes in
            for label in ["PRIVATE KEY", "EC PRIVATE KEY"] {
                let pem = "-----BEGIN \(label)-----\n\(Data(bytes).base64EncodedString())\n-----END \(label)-----\n"
                try check(SSHPrivateKey(pem: pem))
            }
        }
    }

    @Test func encryptedKeyFiles() async throws {
        // Fewer: some of these really derive a key. More rounds than a few are not believed to be meant here.
        try await fuzz(try Self.locked.map { Array(try #require(Data(base64Encoded: $0))) }, rounds: 300, seed: 4) {
            bytes in
            let bcrypt = Array("bcrypt".utf8)
            let start = bytes.indices.dropLast(bcrypt.count).first { bytes[$0...].starts(with: bcrypt) }
            if let start, bytes.count > start + 34, bytes[(start + 30)..<(start + 33)] != [0, 0, 0] { return }
            try check(SSHPrivateKey(pem: SSHPrivateKey.armoured(bytes), passphrase: "secret"))
        }
    }

    /// What is damaged here is whole to begin with; otherwise all this would look at nothing but the first check.
    @Test func originalsAreRead() throws {
        #expect(try SSHPrivateKey(pem: ed25519.openSSHPEM).publicKey == ed25519.publicKey)
        for (der, expected) in [(Array(scalar256.derRepresentation), p256), (sec1, p256), (edPKCS8, ed25519)] {
            let pem = "-----BEGIN PRIVATE KEY-----\n\(Data(der).base64EncodedString())\n-----END PRIVATE KEY-----\n"
            #expect(try SSHPrivateKey(pem: pem).publicKey == expected.publicKey)
        }
        for body in Self.locked {
            let pem = SSHPrivateKey.armoured(Array(try #require(Data(base64Encoded: body))))
            try check(SSHPrivateKey(pem: pem, passphrase: "secret"))
        }
    }

    @Test func publicKeys() async throws {
        let rsa = try SSHPublicKey(
            blob: [0, 0, 0, 7] + Array("ssh-rsa".utf8) + [0, 0, 0, 3, 1, 0, 1, 0, 0, 1, 1] + noise(257, seed: 1))
        let keys = [ed25519.publicKey, p521.publicKey, rsa]
        try await fuzz(keys.map { Array(($0.openSSH + " comment").utf8) }, seed: 5) { bytes in
            let key = try SSHPublicKey(openSSH: text(bytes))
            #expect(try SSHPublicKey(openSSH: key.openSSH) == key)
        }
        try await fuzz(keys.map(\.blob), seed: 6) { bytes in
            let key = try SSHPublicKey(blob: bytes)
            #expect(try SSHPublicKey(openSSH: key.openSSH) == key)
        }
    }

    @Test func knownHosts() async throws {
        let one = ed25519.publicKey
        let two = p256.publicKey
        let original = """
            # comment
            example.org,!*.example.org,10.0.0.? \(one.openSSH) c
            [example.org]:2222 \(two.openSSH)\r
            |1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= \(one.openSSH)
            @revoked * \(two.openSSH)
            @cert-authority *.example.org \(one.openSSH)
            old 1024 35 1234567890

            """
        let endpoints = [
            SSHEndpoint(host: "example.org", port: 22), SSHEndpoint(host: "10.0.0.1", port: 22),
            SSHEndpoint(host: "example.org", port: 2222), SSHEndpoint(host: "192.168.1.61", port: 22),
        ]
        var random = Generator(state: 7)
        var ignored = 0
        for round in 0..<Self.rounds {
            if round % 16 == 0 { await Task.yield() }
            let bytes = Self.mutated(Array(original.utf8), &random)
            let hosts = SSHKnownHosts(bytes: bytes, file: "f")
            ignored += hosts.ignored.count
            let lines = bytes.count { $0 == 0x0a } + 1
            #expect(hosts.ignored.allSatisfy { (1...lines).contains($0.location.line) && !$0.reason.isEmpty })
            for endpoint in endpoints {
                let known = hosts.keys(of: endpoint)
                #expect(known.count <= lines)
                let verdict = hosts.check(one, of: endpoint)
                if case .known = verdict { #expect(known.contains(one)) }
                if case .unknown = verdict { #expect(known.isEmpty) }
                #expect(!SSHError.hostKey(one, verdict, endpoint, hosts).message.isEmpty)
                _ = try? SSHHostKeyCheck.knownHosts(hosts).wantedAlgorithms(of: endpoint)
            }
        }
        // Two lines are ignored when nothing is damaged.
        #expect(ignored > 2 * Self.rounds + Self.rounds / 10)
    }

    @Test func agentAnswers() async throws {
        let key = ed25519
        let list = try AgentTests.answer(SSHAgentMessage.requestIdentities, for: key)
        let signed = try AgentTests.answer(SSHAgentMessage.requestSignature(of: [1, 2], by: key.publicKey), for: key)
        try await fuzz([list, signed], seed: 8) { bytes in
            let identities = try SSHAgentMessage.identities(in: bytes)
            #expect(identities.count <= bytes.count)
        }
        try await fuzz([list, signed], seed: 9) { bytes in
            let signature = try SSHAgentMessage.signature(in: bytes, by: key.publicKey)
            #expect(!signature.isEmpty && signature.count < bytes.count)
        }
    }

    /// What a server may say in the middle of a login, through libssh2 and back.
    @Test func questionsOfServers() async throws {
        let original = Say.ask(
            [("Password: ", echo: false), ("Code: ", echo: true)], instruction: "words", name: "name")
        for seed in 0..<60 as Range<UInt64> {
            let server = try await ScriptedServer { request in
                var random = Generator(state: 1000 + seed)
                return Say.method(of: request) == "none"
                    ? [Say.failure("keyboard-interactive")]
                    // Its number stays: other messages are not for this parser. At the end libssh2 is told to give up.
                    : [[60] + Self.mutated(Array(original.dropFirst()), &random), Say.disconnect("enough")]
            }
            let error = try await server.login(
                SSHCredential(user: "me", methods: [.keyboardInteractive { $0.prompts.map { _ in "" } }]))
            #expect(error != nil)
        }
    }
}
