import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A user's private key, held in memory only. Ed25519 (RFC 8709), or ECDSA on one of the NIST curves (RFC 5656).
///
/// No RSA: libssh2 before 1.11 signs with SHA-1 only, which OpenSSH refuses since 8.8.
public struct SSHPrivateKey: Sendable, CustomStringConvertible, CustomReflectable {
    enum Material: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
    }

    let material: Material
    let comment: String

    /// A fresh key from the system's random numbers.
    public static func generateEd25519(comment: String) -> SSHPrivateKey {
        SSHPrivateKey(material: .ed25519(Curve25519.Signing.PrivateKey()), comment: comment)
    }

    /// The half that may be shown.
    public var publicKey: SSHPublicKey {
        var writer = SSHBlobWriter()
        writer.string(algorithm)
        if let curve { writer.string(curve) }
        writer.string(point)
        return SSHPublicKey(algorithm: algorithm, blob: writer.bytes)
    }

    /// Never the key itself: descriptions end up in logs.
    public var description: String {
        "private key of \(publicKey)"
    }

    /// Empty: a mirror would show the key.
    public var customMirror: Mirror { Mirror(self, children: []) }

    var algorithm: String {
        switch material {
        case .ed25519: "ssh-ed25519"
        case .p256, .p384, .p521: "ecdsa-sha2-\(curve ?? "")"
        }
    }

    /// The curve as RFC 5656 names it; Ed25519 has none.
    var curve: String? {
        switch material {
        case .ed25519: nil
        case .p256: "nistp256"
        case .p384: "nistp384"
        case .p521: "nistp521"
        }
    }

    var point: [UInt8] {
        switch material {
        case .ed25519(let key): Array(key.publicKey.rawRepresentation)
        case .p256(let key): Array(key.publicKey.x963Representation)
        case .p384(let key): Array(key.publicKey.x963Representation)
        case .p521(let key): Array(key.publicKey.x963Representation)
        }
    }

    /// The signature as libssh2 wants it from a callback: without the algorithm's name in front, which it adds.
    func signature(for message: [UInt8]) throws -> [UInt8] {
        let raw: Data
        switch material {
        case .ed25519(let key): return Array(try key.signature(for: message))
        case .p256(let key): raw = try key.signature(for: message).rawRepresentation
        case .p384(let key): raw = try key.signature(for: message).rawRepresentation
        case .p521(let key): raw = try key.signature(for: message).rawRepresentation
        }
        // RFC 5656 3.1.2: the two halves as numbers.
        var writer = SSHBlobWriter()
        writer.mpint(raw.prefix(raw.count / 2))
        writer.mpint(raw.suffix(raw.count / 2))
        return writer.bytes
    }
}
