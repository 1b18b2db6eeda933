import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A public key, of a host or a user, as it stands in `known_hosts` and `authorized_keys`.
///
/// Two keys are equal when their key material is; comments do not count.
public struct SSHPublicKey: Sendable, Hashable, CustomStringConvertible {
    /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, …
    public let algorithm: String
    /// The key in the wire form of RFC 4253 6.6.
    let blob: [UInt8]

    /// Reads `algorithm base64 [comment]`. Any kind of key is taken; whether it can be *used* shows when it is.
    ///
    /// - Throws: ``SSHError`` with ``SSHError/Code-swift.enum/invalidKey``.
    public init(openSSH: String) throws {
        let parts = openSSH.split(whereSeparator: \.isWhitespace)
        guard parts.count >= 2, let data = Data(base64Encoded: String(parts[1])) else {
            throw SSHError(.invalidKey, "not a public key: expected `algorithm base64 [comment]` on one line")
        }
        try self.init(blob: Array(data))
        guard algorithm == parts[0] else {
            throw SSHError(.invalidKey, "the public key says \(parts[0]) but contains \(algorithm)")
        }
    }

    init(blob: [UInt8]) throws {
        var reader = SSHBlobReader(blob)
        guard let algorithm = reader.text(), !algorithm.isEmpty, !reader.isAtEnd,
            algorithm.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else {
            throw SSHError(.invalidKey, "not a public key: its encoding is damaged")
        }
        self.algorithm = algorithm
        self.blob = blob
    }

    /// For bytes that this library encoded itself.
    init(algorithm: String, blob: [UInt8]) {
        self.algorithm = algorithm
        self.blob = blob
    }

    /// `algorithm base64`, without a comment.
    public var openSSH: String {
        "\(algorithm) \(Data(blob).base64EncodedString())"
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    public var fingerprint: String {
        var text = Data(SHA256.hash(data: blob)).base64EncodedString()
        while text.hasSuffix("=") { text.removeLast() }
        return "SHA256:\(text)"
    }

    /// Algorithm and ``fingerprint``.
    public var description: String {
        "\(algorithm) \(fingerprint)"
    }
}
