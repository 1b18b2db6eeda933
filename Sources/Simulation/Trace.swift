/// What happened, in order. Always as a digest, which two runs of one seed must share; as lines where somebody wants to
/// read it.
package struct Trace: Sendable {
    /// FNV-1a over every event: its name, its numbers and its moment.
    package private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    package private(set) var lines: [String] = []
    let keepsLines: Bool

    init(keepsLines: Bool) { self.keepsLines = keepsLines }

    mutating func note(
        _ name: StaticString, at now: Int64, _ first: Int = 0, _ second: Int = 0, _ words: @autoclosure () -> String
    ) {
        name.withUTF8Buffer { bytes in for byte in bytes { mix(UInt64(byte)) } }
        mix(UInt64(bitPattern: now))
        mix(UInt64(bitPattern: Int64(first)))
        mix(UInt64(bitPattern: Int64(second)))
        guard keepsLines else { return }
        let words = words()
        let millis = now / 1000
        let fraction = String(millis % 1000 + 1000).dropFirst()
        lines.append("\(millis / 1000).\(fraction)s \(name)\(words.isEmpty ? "" : " ")\(words)")
    }

    /// Which of several steps the executor took.
    mutating func mixIn(choice: Int, of count: Int) { mix(UInt64(choice) << 32 | UInt64(count)) }

    private mutating func mix(_ value: UInt64) { digest = (digest ^ value) &* 0x100_0000_01b3 }
}

/// FNV-1a, spelt with the 64 digits that a seal has: both who seals and who verifies are simulated.
enum Digest {
    static func of(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    static func hex(_ bytes: [UInt8]) -> String {
        let digits = String(of(bytes), radix: 16)
        return String(repeating: "0", count: 64 - digits.utf8.count) + digits
    }
}
