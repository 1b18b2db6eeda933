import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The file format of OpenSSH (`PROTOCOL.key` in its source), unencrypted.
extension SSHPrivateKey {
    private static let head = "-----BEGIN OPENSSH PRIVATE KEY-----"
    private static let foot = "-----END OPENSSH PRIVATE KEY-----"
    private static let magic = Array("openssh-key-v1\0".utf8)

    /// Reads an unencrypted key in OpenSSH's own format, which `ssh-keygen` has written since 2018.
    ///
    /// - Throws: ``SSHError``: `unsupportedKey` for RSA, DSA, security keys and keys with a passphrase, `invalidKey` for
    ///   anything that is damaged or no key.
    public init(openSSHPEM: String) throws {
        let lines = openSSHPEM.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix(while: \.isWhitespace) }
        let texts = lines.map { String($0.reversed().drop(while: \.isWhitespace).reversed()) }
        guard let start = texts.firstIndex(of: Self.head), let end = texts.firstIndex(of: Self.foot), start < end else {
            if openSSHPEM.contains("PRIVATE KEY-----") {
                throw SSHError(
                    .unsupportedKey,
                    "the private key is not in OpenSSH's format; convert a copy with `ssh-keygen -p -N '' -f FILE`"
                )
            }
            throw SSHError(.invalidKey, "not a private key: `\(Self.head)` is missing")
        }
        guard let data = Data(base64Encoded: texts[(start + 1)..<end].joined()) else {
            throw Self.damaged
        }
        try self.init(envelope: Array(data))
    }

    private static var damaged: SSHError { SSHError(.invalidKey, "the private key is damaged") }

    private init(envelope: [UInt8]) throws {
        var reader = SSHBlobReader(envelope)
        guard reader.raw(Self.magic.count) == Self.magic, let cipher = reader.text(), let kdf = reader.text(),
            reader.string() != nil, let count = reader.integer(), let publicBlob = reader.string()
        else {
            throw Self.damaged
        }
        guard cipher == "none", kdf == "none" else {
            throw SSHError(.unsupportedKey, "the private key has a passphrase; only keys without one can be used")
        }
        guard count == 1, let section = reader.string() else { throw Self.damaged }
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
        case "ssh-rsa":
            throw SSHError(
                .unsupportedKey,
                "RSA user keys cannot be used: libssh2 1.10 signs with SHA-1, which OpenSSH refuses since 8.8; "
                    + "create an Ed25519 key with `ssh-keygen -t ed25519`"
            )
        default:
            throw SSHError(.unsupportedKey, "private keys of kind \(algorithm) cannot be used; Ed25519 and ECDSA can")
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

        var envelope = SSHBlobWriter()
        envelope.raw(Self.magic)
        envelope.string("none")
        envelope.string("none")
        envelope.string("")
        envelope.integer(1)
        envelope.string(publicKey.blob)
        envelope.string(section.bytes)
        var text = Substring(Data(envelope.bytes).base64EncodedString())
        var lines = [Self.head]
        while !text.isEmpty {
            lines.append(String(text.prefix(70)))
            text = text.dropFirst(70)
        }
        lines.append(Self.foot)
        return lines.joined(separator: "\n") + "\n"
    }
}
