import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The file format of OpenSSH (`PROTOCOL.key` in its source).
extension SSHPrivateKey {
    private static let magic = Array("openssh-key-v1\0".utf8)

    /// Reads an unencrypted key file; the same as ``init(pem:passphrase:)`` without a passphrase.
    ///
    /// - Throws: ``SSHError``, as there.
    public init(openSSHPEM: String) throws {
        try self.init(pem: openSSHPEM)
    }

    static var damaged: SSHError { SSHError(.invalidKey, "the private key is damaged") }

    init(envelope: [UInt8], passphrase: String?) throws {
        var reader = SSHBlobReader(envelope)
        guard reader.raw(Self.magic.count) == Self.magic, let cipher = reader.text(), let kdf = reader.text(),
            let options = reader.string(), let count = reader.integer(), let publicBlob = reader.string(), count == 1,
            var section = reader.string()
        else {
            throw Self.damaged
        }
        let announced = try SSHPublicKey(blob: publicBlob).algorithm
        // What cannot be used anyway is not worth a question for its passphrase.
        try Self.refuseUnusable(announced)
        if cipher != "none" || kdf != "none" {
            let lock = Lock(cipher: cipher, kdf: kdf, options: options, publicBlob: publicBlob, section: section)
            section = try lock.open(passphrase, algorithm: announced)
        }
        var inner = SSHBlobReader(section)
        guard let check = inner.integer(), inner.integer() == check, let algorithm = inner.text() else {
            throw Self.damaged
        }
        let material = try Self.material(algorithm, &inner)
        guard let comment = inner.text() else { throw Self.damaged }
        self.init(material: material, comment: comment)
        guard publicKey.blob == publicBlob else {
            throw SSHError(.invalidKey, "the private key and the public key stored with it differ")
        }
    }

    private static func refuseUnusable(_ algorithm: String) throws {
        switch algorithm {
        case "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521": return
        case "ssh-rsa": throw rsa
        default:
            throw SSHError(
                .unsupportedKey, "private keys of kind \(printable(algorithm)) cannot be used; Ed25519 and ECDSA can")
        }
    }

    private static func material(_ algorithm: String, _ inner: inout SSHBlobReader) throws -> Material {
        switch algorithm {
        case "ssh-ed25519":
            guard inner.string() != nil, let pair = inner.string(), pair.count == 64,
                let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: pair.prefix(32))
            else { throw damaged }
            return .ed25519(key)
        case "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521":
            guard let curve = inner.text(), inner.string() != nil, let scalar = inner.string() else { throw damaged }
            return try ecdsa(curve, scalar)
        default:
            try refuseUnusable(algorithm)
            throw damaged
        }
    }

    private static func ecdsa(_ curve: String, _ scalar: [UInt8]) throws -> Material {
        func padded(_ width: Int) throws -> [UInt8] {
            let magnitude = Array(scalar.drop { $0 == 0 })
            guard magnitude.count <= width else { throw damaged }
            return Array(repeating: 0, count: width - magnitude.count) + magnitude
        }
        do {
            switch curve {
            case "nistp256": return .p256(try P256.Signing.PrivateKey(rawRepresentation: padded(32)))
            case "nistp384": return .p384(try P384.Signing.PrivateKey(rawRepresentation: padded(48)))
            case "nistp521": return .p521(try P521.Signing.PrivateKey(rawRepresentation: padded(66)))
            default: throw damaged
            }
        } catch {
            throw damaged
        }
    }

    /// The key as a file that `ssh` and `ssh-keygen` read. A secret: belongs in a file of mode 0600 and nowhere else.
    public var openSSHPEM: String {
        var section = SSHBlobWriter()
        // The two equal numbers tell a wrong passphrase from a right one. Without a passphrase any value does, and a
        // derived one makes the same key the same file.
        let check = SHA256.hash(data: publicKey.blob).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        section.integer(check)
        section.integer(check)
        section.string(algorithm)
        if let curve { section.string(curve) }
        section.string(point)
        switch material {
        case .ed25519(let key): section.string(Array(key.rawRepresentation) + point)
        case .p256(let key): section.mpint(key.rawRepresentation)
        case .p384(let key): section.mpint(key.rawRepresentation)
        case .p521(let key): section.mpint(key.rawRepresentation)
        }
        section.string(comment)
        section.raw((0..<UInt8((8 - section.bytes.count % 8) % 8)).map { $0 + 1 })

        return Self.armoured(
            Self.envelope(cipher: "none", kdf: "none", options: [], publicBlob: publicKey.blob, section: section.bytes))
    }

    static func envelope(
        cipher: String, kdf: String, options: [UInt8], publicBlob: [UInt8], section: [UInt8]
    ) -> [UInt8] {
        var envelope = SSHBlobWriter()
        envelope.raw(magic)
        envelope.string(cipher)
        envelope.string(kdf)
        envelope.string(options)
        envelope.integer(1)
        envelope.string(publicBlob)
        envelope.string(section)
        return envelope.bytes
    }

    static func armoured(_ envelope: [UInt8]) -> String {
        var text = Substring(Data(envelope).base64EncodedString())
        var lines = ["-----BEGIN OPENSSH PRIVATE KEY-----"]
        while !text.isEmpty {
            lines.append(String(text.prefix(70)))
            text = text.dropFirst(70)
        }
        lines.append("-----END OPENSSH PRIVATE KEY-----")
        return lines.joined(separator: "\n") + "\n"
    }
}
