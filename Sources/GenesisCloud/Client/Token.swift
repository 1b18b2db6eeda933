/// The token, in a wrapper that no description, dump or interpolation looks into.
struct Token: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let value: String

    init(_ text: String) {
        value = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    var description: String { "<token>" }
    var debugDescription: String { "<token>" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// Visible ASCII only: anything else cannot be a header's value (RFC 9110, 5.5), and one with a line break could
    /// smuggle in another header.
    var isSendable: Bool { !value.isEmpty && value.utf8.allSatisfy { (0x21...0x7E).contains($0) } }

    /// What a server said, without the token that it may have echoed.
    func redacted(from text: String) -> String {
        value.isEmpty
            ? text : text.split(separator: value, omittingEmptySubsequences: false).joined(separator: "<token>")
    }
}
