/// A value from outside as messages show it: in backquotes, cut to a readable length, control characters visible.
struct Quoted: CustomStringConvertible {
    private let text: String

    init(_ text: String) { self.text = text }

    var description: String {
        let shown = text.unicodeScalars.prefix(61)
        let cut = shown.count > 60
        return "`" + Self.visible(Substring(String(String.UnicodeScalarView(shown.prefix(60)))))
            + (cut ? "..." : "") + "`"
    }

    /// The text with control and line-breaking characters as escapes: a message stays one line and harmless.
    static func visible(_ text: Substring) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                    result += "\\u{\(String(scalar.value, radix: 16))}"
                default:
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }
}
