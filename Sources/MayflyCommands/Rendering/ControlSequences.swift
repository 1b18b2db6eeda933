/// Makes what a job prints harmless beside a live display: nothing it prints can move the cursor, hide text or
/// reorder it. Keeps state between chunks, because a chunk may end in the middle of a character.
struct ControlSequences {
    private var held: [UInt8] = []
    private var afterReturn = false

    /// The bytes with control characters in caret notation, other invisible ones as `<U+202E>` and bytes that are no
    /// UTF-8 as `\xNN`. Newlines and tabs stay; a carriage return becomes a newline, so that a progress bar is readable.
    mutating func visible(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let input = held + Array(bytes)
        held = []
        var output: [UInt8] = []
        output.reserveCapacity(input.count)
        var index = 0
        while index < input.count {
            let byte = input[index]
            if byte < 0x80 {
                appendASCII(byte, to: &output)
                index += 1
                continue
            }
            flushReturn(&output)
            guard let length = Self.sequenceLength(byte) else {
                output += Self.escaped(byte)
                index += 1
                continue
            }
            let present = input[index...].prefix(length)
            if let bad = present.dropFirst().firstIndex(where: { $0 & 0xC0 != 0x80 }) {
                for stray in input[index..<bad] { output += Self.escaped(stray) }
                index = bad
            } else if present.count < length {
                held = Array(present)
                index = input.count
            } else {
                output += Self.shown(Array(present))
                index += length
            }
        }
        return output
    }

    /// What was held back for more bytes, at the end of the stream.
    mutating func finish() -> [UInt8] {
        var output: [UInt8] = []
        flushReturn(&output)
        for byte in held { output += Self.escaped(byte) }
        held = []
        return output
    }

    private mutating func appendASCII(_ byte: UInt8, to output: inout [UInt8]) {
        if byte == 0x0A {
            afterReturn = false
            output.append(byte)
            return
        }
        if byte == 0x0D {
            // Held until the next byte: CR LF is one line end, and so is any run of CRs.
            afterReturn = true
            return
        }
        flushReturn(&output)
        switch byte {
        case 0x09, 0x20..<0x7F: output.append(byte)
        case 0x7F: output += Array("^?".utf8)
        default: output += [UInt8(ascii: "^"), byte + 0x40]
        }
    }

    private mutating func flushReturn(_ output: inout [UInt8]) {
        if afterReturn { output.append(0x0A) }
        afterReturn = false
    }

    private static func sequenceLength(_ lead: UInt8) -> Int? {
        switch lead {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: nil
        }
    }

    private static func shown(_ sequence: [UInt8]) -> [UInt8] {
        guard let text = String(validating: sequence, as: UTF8.self), let scalar = text.unicodeScalars.first else {
            return sequence.flatMap(escaped)
        }
        switch scalar.value {
        // C1 controls act like ESC sequences; the others reorder, join or hide text without being seen.
        case 0x80...0x9F, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF, 0xE0000...0xE007F:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return Array("<U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)>".utf8)
        default:
            return sequence
        }
    }

    private static func escaped(_ byte: UInt8) -> [UInt8] {
        let digits = String(byte, radix: 16, uppercase: true)
        return Array("\\x\(digits.count < 2 ? "0" : "")\(digits)".utf8)
    }

    /// A name, reason or warning on one harmless line: such texts come from specs, clouds and instances.
    static func line(_ text: String) -> String {
        var filter = ControlSequences()
        let bytes = filter.visible(text.utf8) + filter.finish()
        let flat = bytes.map { $0 == 0x0A || $0 == 0x09 ? UInt8(ascii: " ") : $0 }
        return String(decoding: flat, as: UTF8.self)
    }
}
