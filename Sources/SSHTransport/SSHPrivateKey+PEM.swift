import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Key files of every format that is met: the label of the armour says which.
extension SSHPrivateKey {
    /// Reads a private key file: OpenSSH's own format, encrypted or not, or unencrypted PKCS#8 (RFC 5958) or SEC 1
    /// (RFC 5915).
    ///
    /// Decrypting is slow by design, a tenth of a second and more: not on an event loop. ``SSHCredential`` has a form
    /// that takes care of that.
    ///
    /// - Parameters:
    ///   - pem: The content of the file, such as `~/.ssh/id_ed25519`.
    ///   - passphrase: What it was encrypted with. Not looked at when the file is not encrypted.
    /// - Throws: ``SSHError``: `passphraseRequired`, `wrongPassphrase`, `unsupportedKey` for RSA, DSA, security keys and
    ///   ciphers that libssh2 lacks, `invalidKey` for anything that is damaged or no key.
    public init(pem: String, passphrase: String? = nil) throws {
        guard pem.utf8.count <= Self.sizeLimit else {
            throw SSHError(.invalidKey, "not a private key: longer than \(Self.sizeLimit) bytes")
        }
        let armour = try Armour(pem)
        if armour.isEncrypted { throw Self.foreignlyEncrypted }
        switch armour.label {
        case "OPENSSH PRIVATE KEY": try self.init(envelope: armour.body, passphrase: passphrase)
        case "PRIVATE KEY", "EC PRIVATE KEY": try self.init(der: armour.body)
        case "ENCRYPTED PRIVATE KEY": throw Self.foreignlyEncrypted
        case "RSA PRIVATE KEY": throw Self.rsa
        default: throw SSHError(.unsupportedKey, "a \(armour.label) cannot be used; Ed25519 and ECDSA keys can")
        }
    }

    /// More than any key of a usable kind needs.
    private static let sizeLimit = 64 << 10

    static var rsa: SSHError {
        SSHError(
            .unsupportedKey,
            "RSA user keys cannot be used: libssh2 \(SSHLibrary.version) signs with SHA-1, which OpenSSH refuses since "
                + "8.8; create an Ed25519 key with `ssh-keygen -t ed25519`"
        )
    }

    private static var foreignlyEncrypted: SSHError {
        SSHError(
            .unsupportedKey,
            "the private key is encrypted, but not in OpenSSH's format; rewrite it with `ssh-keygen -p -f FILE`")
    }

    /// PKCS#8 or SEC 1; both carry the curve.
    private init(der: [UInt8]) throws {
        // RFC 8410 7 and 10.3: fixed bytes, the last before the key being the wrappings of its 32 bytes.
        let rest: [UInt8] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]
        if der.count >= 48, der[0] == 0x30, der[2...4] == [0x02, 0x01, der[4]], der[5..<16].elementsEqual(rest) {
            guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: der[16..<48]) else {
                throw Self.damaged
            }
            self.init(material: .ed25519(key), comment: "")
        } else if let key = try? P256.Signing.PrivateKey(derRepresentation: der) {
            self.init(material: .p256(key), comment: "")
        } else if let key = try? P384.Signing.PrivateKey(derRepresentation: der) {
            self.init(material: .p384(key), comment: "")
        } else if let key = try? P521.Signing.PrivateKey(derRepresentation: der) {
            self.init(material: .p521(key), comment: "")
        } else {
            // rsaEncryption (RFC 8017 A.1), as an object identifier.
            let rsa: [UInt8] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]
            throw der.prefix(64).contains(rsa)
                ? Self.rsa
                : SSHError(.unsupportedKey, "damaged, or a kind of key that cannot be used; Ed25519 and ECDSA can")
        }
    }

    /// The text form of RFC 7468, as far as keys need it.
    private struct Armour {
        let label: String
        let body: [UInt8]
        /// OpenSSL's old way of encryption, announced in the lines between label and body (RFC 1421 4.6.1.1).
        let isEncrypted: Bool

        init(_ text: String) throws {
            var lines = text.split(whereSeparator: \.isNewline).map { $0.trimming(while: \.isWhitespace) }[...]
            let ending = "PRIVATE KEY-----"
            guard let start = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN ") && $0.hasSuffix(ending) }) else {
                throw SSHError(.invalidKey, "not a private key: a line `-----BEGIN … PRIVATE KEY-----` is missing")
            }
            label = String(lines[start].dropFirst(11).dropLast(5))
            lines = lines[(start + 1)...]
            guard let end = lines.firstIndex(of: "-----END \(label)-----") else { throw SSHPrivateKey.damaged }
            lines = lines[..<end]
            let isHeader: (Substring) -> Bool = { $0.contains(":") }
            isEncrypted = lines.contains { isHeader($0) && $0.contains("ENCRYPTED") }
            guard let data = Data(base64Encoded: lines.drop(while: isHeader).joined()) else {
                // An old file names its cipher before the body; what follows is then of no interest.
                guard isEncrypted else { throw SSHPrivateKey.damaged }
                body = []
                return
            }
            body = Array(data)
        }
    }
}
