import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension SSHKnownHosts {
    /// One line that names hosts and a key.
    struct Entry: Sendable {
        struct Unusable: Error {
            let reason: String
        }

        let location: Location
        let isRevoked: Bool
        let hosts: Hosts
        let key: SSHPublicKey

        /// The longest key that is met, RSA of 16384 bits, takes 3 KiB.
        private static let lengthLimit = 64 << 10

        /// `nil` for empty lines and comments.
        init?(line: ArraySlice<UInt8>, location: Location) throws(Unusable) {
            guard line.count <= Self.lengthLimit else { throw Unusable(reason: "longer than any key") }
            var words = line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }[...]
            guard let first = words.first, first.first != UInt8(ascii: "#") else { return nil }
            var isRevoked = false
            if first.first == UInt8(ascii: "@") {
                switch String(decoding: first, as: UTF8.self) {
                case "@revoked": isRevoked = true
                case "@cert-authority":
                    throw Unusable(reason: "host certificates are not supported; keys of their authorities say nothing")
                case let marker: throw Unusable(reason: "unknown marker \(printable(marker))")
                }
                words = words.dropFirst()
            }
            guard words.count >= 3 else { throw Unusable(reason: "expected `hosts algorithm key`") }
            let fields = words.prefix(3).map { $0 }
            guard !fields[1].allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw Unusable(reason: "a key of SSH protocol 1")
            }
            guard let hosts = Hosts(fields[0]) else { throw Unusable(reason: "the hosts are damaged") }
            let text = fields[1...2].map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
            guard let key = try? SSHPublicKey(openSSH: text) else { throw Unusable(reason: "the key is damaged") }
            self.location = location
            self.isRevoked = isRevoked
            self.hosts = hosts
            self.key = key
        }
    }

    /// Which hosts a line is about.
    enum Hosts: Sendable {
        /// Patterns with `*` and `?`; a host that a negated one matches is not meant, whatever else matches.
        case patterns([(isNegated: Bool, pattern: [UInt8])])
        /// One name, hidden: HMAC-SHA1 of it, keyed with a salt.
        case hashed(salt: [UInt8], code: [UInt8])

        init?(_ field: ArraySlice<UInt8>) {
            if field.first == UInt8(ascii: "|") {
                let parts = field.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
                guard parts.count == 4, parts[1].elementsEqual("1".utf8),
                    let salt = Data(base64Encoded: Data(parts[2])),
                    let code = Data(base64Encoded: Data(parts[3])), !salt.isEmpty, code.count == 20
                else { return nil }
                self = .hashed(salt: Array(salt), code: Array(code))
                return
            }
            let patterns = field.split(separator: UInt8(ascii: ",")).map { word in
                let isNegated = word.first == UInt8(ascii: "!")
                return (isNegated, word.dropFirst(isNegated ? 1 : 0).map(Hosts.lowered))
            }
            guard patterns.contains(where: { !$0.1.isEmpty }) else { return nil }
            self = .patterns(patterns)
        }

        private static func lowered(_ byte: UInt8) -> UInt8 {
            (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
        }

        func match(_ name: [UInt8]) -> Bool {
            switch self {
            case .hashed(let salt, let code):
                return HMAC<Insecure.SHA1>.isValidAuthenticationCode(
                    code, authenticating: name, using: SymmetricKey(data: salt))
            case .patterns(let patterns):
                var isMeant = false
                for (isNegated, pattern) in patterns where Self.glob(pattern, name) {
                    if isNegated { return false }
                    isMeant = true
                }
                return isMeant
            }
        }

        /// At most one step back per byte of the name and star: no pattern takes long.
        private static func glob(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
            var at = 0
            var position = 0
            var star: Int?
            var resume = 0
            while position < name.count {
                if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                    star = at
                    resume = position
                    at += 1
                } else if at < pattern.count, pattern[at] == UInt8(ascii: "?") || pattern[at] == name[position] {
                    at += 1
                    position += 1
                } else if let star {
                    at = star + 1
                    resume += 1
                    position = resume
                } else {
                    return false
                }
            }
            return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
        }
    }
}
