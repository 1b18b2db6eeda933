import CloudModel
import Crypto
import Foundation

/// Reads one OpenSSH public key line.
enum PublicKeyLine {
    /// Type, size and MD5 fingerprint; `nil` when it is no such line.
    static func facts(_ line: String) -> CloudSSHKey.KeyFacts? {
        let trimmed = line.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.contains(where: \.isNewline) else { return nil }
        let words = trimmed.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, let blob = Data(base64Encoded: String(words[1])) else { return nil }
        var rest = Array(blob)[...]
        guard let algorithm = field(&rest), String(decoding: algorithm, as: UTF8.self) == words[0] else { return nil }
        let fingerprint = Insecure.MD5.hash(data: blob).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 2 ? text : "0" + text
        }.joined(separator: ":")
        switch String(words[0]) {
        case "ssh-ed25519", "sk-ssh-ed25519@openssh.com":
            guard field(&rest)?.count == 32 else { return nil }
            return .init(type: "ed25519", size: 256, fingerprint: fingerprint)
        case "ssh-rsa":
            guard field(&rest) != nil, let modulus = field(&rest) else { return nil }
            let significant = modulus.drop { $0 == 0 }
            let bits = significant.count * 8 - (significant.first?.leadingZeroBitCount ?? 0)
            return .init(type: "rsa", size: bits, fingerprint: fingerprint)
        case let name where name.hasPrefix("ecdsa-sha2-nistp"):
            return .init(type: "ecdsa", size: Int(name.suffix(3)) ?? 0, fingerprint: fingerprint)
        default: return nil
        }
    }

    private static func field(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard bytes.count >= 4 else { return nil }
        let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        bytes = bytes.dropFirst(4)
        guard length <= bytes.count else { return nil }
        defer { bytes = bytes.dropFirst(length) }
        return bytes.prefix(length)
    }
}
