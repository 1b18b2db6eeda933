/// Text as a YAML 1.1 reader (cloud-init's PyYAML, libyaml) reads it back.
enum YAMLText {
    /// A double-quoted scalar of exactly `value`. It costs one byte more per line break and quote, where base64 costs a
    /// third.
    static func quote(_ value: String) -> String {
        var quoted = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            default:
                switch scalar.value {
                case 0x20...0x7e, 0xa0...0x2027, 0x202a...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd,
                    0x1_0000...0x10_ffff:
                    quoted.unicodeScalars.append(scalar)
                case let code where code <= 0xff: quoted += "\\x" + hex(code, 2)
                case let code: quoted += "\\u" + hex(code, 4)
                }
            }
        }
        return quoted + "\""
    }

    /// A literal block for text we wrote ourselves (printable, no tabs), indented by `indent` spaces.
    static func block(_ text: String, indent: Int) -> String {
        // By bytes: every attempt has such a document made.
        var block = Array("|-\n".utf8)
        block.reserveCapacity(text.utf8.count * 5 / 4)
        let margin = [UInt8](repeating: UInt8(ascii: " "), count: indent)
        var lineBegins = true
        for byte in text.utf8 {
            if lineBegins, byte != UInt8(ascii: "\n") { block += margin }
            block.append(byte)
            lineBegins = byte == UInt8(ascii: "\n")
        }
        return String(decoding: block, as: UTF8.self)
    }

    private static func hex(_ value: UInt32, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
