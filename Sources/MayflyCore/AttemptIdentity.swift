/// The name under which an attempt's instance can be found again when the answer to its creation was lost.
///
/// `mf-<installation>-<job>-<attempt>-<nonce>` in fixed-width base32, at most 63 characters: it is the instance's
/// `hostname`, which a rename leaves alone (Instances page, "Update an Instance").
public struct AttemptIdentity: Codable, Hashable, Sendable, CustomStringConvertible {
    public let installation: String
    public let job: JobID
    public let attempt: Int
    public let nonce: String

    /// - Parameters:
    ///   - installation: eight base32 characters, drawn once per `MAYFLY_HOME`.
    ///   - nonce: eight base32 characters, drawn for this attempt.
    public init(installation: String, job: JobID, attempt: Int, nonce: String) {
        self.installation = installation
        self.job = job
        self.attempt = attempt
        self.nonce = nonce
    }

    /// The instance's hostname.
    public var description: String {
        var name = Self.prefix(of: installation)
        name.reserveCapacity(48)
        name += Base32.encode(UInt64(bitPattern: job.rawValue), width: 7)
        name += "-"
        name += Base32.encode(UInt64(attempt), width: 2)
        name += "-"
        name += nonce
        return name
    }

    /// What every hostname of one installation begins with; a sweep matches it exactly.
    public static func prefix(of installation: String) -> String { "mf-\(installation)-" }

    /// Reads a hostname back; `nil` for one that is none of ours, in every character.
    public init?(hostname: String) {
        let parts = hostname.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 5, parts[0] == "mf", parts[1].utf8.count == 8, parts[2].utf8.count == 7,
            parts[3].utf8.count == 2, parts[4].utf8.count == 8, let job = Base32.decode(parts[2]),
            let attempt = Base32.decode(parts[3]), Base32.decode(parts[1]) != nil, Base32.decode(parts[4]) != nil
        else { return nil }
        self.init(
            installation: parts[1], job: JobID(rawValue: Int64(bitPattern: job)), attempt: Int(attempt), nonce: parts[4]
        )
    }

    /// The expiry in an instance's name, if the name is still the one that was given with this identity.
    public func expiry(inName name: String) -> WallTime? {
        let head = "\(self)-x"
        guard name.hasPrefix(head), let seconds = Int64(name.dropFirst(head.count)), (0...1 << 40).contains(seconds)
        else { return nil }
        return WallTime(rawValue: seconds * 1000)
    }

    /// The instance's name: the identity and its expiry in seconds since 1970, so that a stranger can judge it.
    public func instanceName(expiry: WallTime) -> String { "\(self)-x\(expiry.rawValue / 1000)" }
}

/// Crockford-like lower-case base32 (RFC 4648 alphabet, lower case), fixed width, for names and nonces.
public enum Base32 {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    public static func encode(_ value: UInt64, width: Int) -> String {
        String(unsafeUninitializedCapacity: width) { digits in
            var rest = value
            for place in (0..<width).reversed() {
                digits[place] = alphabet[Int(rest % 32)]
                rest /= 32
            }
            return width
        }
    }

    /// The number that ``encode(_:width:)`` wrote; `nil` for other characters, and beyond 64 bits.
    static func decode(_ text: String) -> UInt64? {
        var value: UInt64 = 0
        for byte in text.utf8 {
            guard let digit = alphabet.firstIndex(of: byte), value >> 59 == 0 else { return nil }
            value = value << 5 | UInt64(digit)
        }
        return value
    }

    /// One character from each byte's low five bits.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.map { alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}
