/// Names of ASCII letters, digits and a few marks, read by hand: every spec holds some, and the first use of the regular
/// expression engine costs a `run` 1 MB and its start.
struct PlainName {
    /// Beside letters and digits, anywhere.
    var marks = ""
    /// Beside letters, at the beginning.
    var firstMarks = ""
    var mayBeginWithDigit = false
    /// Characters.
    var most = Int.max

    /// Of an environment: `[A-Za-z_][A-Za-z0-9_]*`.
    static let variable = PlainName(marks: "_", firstMarks: "_")
    /// Of a job.
    static let job = PlainName(marks: "._-", mayBeginWithDigit: true, most: 63)
    /// Of an account on an instance or jump host.
    static let user = PlainName(marks: "_.-", firstMarks: "_", most: 32)

    func matches(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= most else { return false }
        return (Self.isLetter(first) || firstMarks.utf8.contains(first) || (mayBeginWithDigit && Self.isDigit(first)))
            && text.utf8.allSatisfy { Self.isLetter($0) || Self.isDigit($0) || marks.utf8.contains($0) }
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
