/// Text as a POSIX shell reads it back.
package enum ShellText {
    /// One word that evaluates to exactly `value`.
    ///
    /// A NUL cannot exist in a shell's words, arguments or environment; it is dropped.
    package static func quote(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == UInt8(ascii: "'") || $0 == 0 }) else { return "'\(value)'" }
        var quoted = [UInt8(ascii: "'")]
        quoted.reserveCapacity(value.utf8.count + 32)
        for byte in value.utf8 where byte != 0 {
            if byte == UInt8(ascii: "'") { quoted += "'\\''".utf8 } else { quoted.append(byte) }
        }
        quoted.append(UInt8(ascii: "'"))
        return String(decoding: quoted, as: UTF8.self)
    }

    /// A word list that evaluates to exactly `values`.
    package static func words(_ values: [String]) -> String {
        values.map(quote).joined(separator: " ")
    }

    /// Whether a shell can export a variable of this name.
    static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// Whether a script looks at its positional parameters itself, so that arguments need not be appended.
    static func usesPositionalParameters(_ script: String) -> Bool {
        let bytes = Array(script.utf8)
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "$") {
            var next = index + 1
            if next < bytes.count, bytes[next] == UInt8(ascii: "{") {
                next += 1
                // `${#@}` counts them, `${!1}` refers through one.
                if next + 1 < bytes.count, bytes[next] == UInt8(ascii: "#") || bytes[next] == UInt8(ascii: "!") {
                    if bytes[next + 1] != UInt8(ascii: "}") { next += 1 }
                }
            }
            guard next < bytes.count else { continue }
            switch bytes[next] {
            case UInt8(ascii: "@"), UInt8(ascii: "*"), UInt8(ascii: "#"), UInt8(ascii: "1")...UInt8(ascii: "9"):
                return true
            default:
                continue
            }
        }
        return false
    }
}
