/// One YAML document with positions, and everything about it that this reader refuses.
public struct YAMLDocument: Sendable {
    /// `nil` when the text holds no value (only comments, say) or cannot be read at all.
    public var root: YAMLNode?
    /// In the order of their positions. The tree leaves out what they are about.
    public var problems: [YAMLProblem]

    /// Reads a text. Never traps and never throws: what is wrong is in ``problems``.
    ///
    /// Besides YAML's own rules it refuses aliases, anchors, merge keys, tags, duplicate keys, keys that are no
    /// scalars, and a second document.
    public init(parsing text: String) {
        let forbidden = Self.forbiddenCharacters(in: text)
        guard forbidden.isEmpty else {
            root = nil
            problems = forbidden
            return
        }
        var composer = DuplicateTolerantComposer(text: text)
        switch composer.compose() {
        case .failure(let problem):
            root = nil
            problems = [problem]
        case .success(let composed):
            var walk = NodeWalk(renamed: composer.renamed)
            root = composed.root.flatMap { walk.node($0, key: nil) }
            problems = walk.problems.sorted { $0.position < $1.position }
            // A duplicate whose second place was not met again is still a duplicate.
            if !walk.problems.contains(where: { $0.code == .duplicateKey }), let missed = composer.firstDuplicate {
                problems.append(missed)
            }
            withExtendedLifetime(composed.parser) {}
        }
    }

    /// Characters outside YAML 1.1's `c-printable`, each distinct line once, so that a binary file is one short report.
    private static func forbiddenCharacters(in text: String) -> [YAMLProblem] {
        var problems: [YAMLProblem] = []
        var cursor = PositionCursor()
        for scalar in text.unicodeScalars {
            let allowed =
                switch scalar.value {
                case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
                    0x10000...0x10FFFF:
                    true
                case 0xFEFF: cursor.isAtStart
                default: false
                }
            if !allowed {
                let hex = String(scalar.value, radix: 16, uppercase: true)
                let code = String(repeating: "0", count: max(0, 4 - hex.count)) + hex
                problems.append(
                    YAMLProblem(
                        code: .character,
                        message: "the character U+\(code) is not allowed in YAML text"
                            + " (in double quotes, write it as an escape)",
                        position: cursor.position))
                if problems.count == 10 { return problems }
            }
            cursor.advance(over: scalar)
        }
        return problems
    }
}

/// Counts lines and columns as libyaml does.
struct PositionCursor {
    private(set) var position = YAMLPosition(line: 1, column: 1)
    private(set) var isAtStart = true
    private var afterCarriageReturn = false

    mutating func advance(over scalar: Unicode.Scalar) {
        let wasStart = isAtStart
        isAtStart = false
        switch scalar.value {
        case 0x0A where afterCarriageReturn:
            afterCarriageReturn = false
        case 0x0A, 0x0D, 0x85, 0x2028, 0x2029:
            afterCarriageReturn = scalar.value == 0x0D
            position = YAMLPosition(line: position.line + 1, column: 1)
        case 0xFEFF where wasStart:
            break
        default:
            afterCarriageReturn = false
            position.column += 1
        }
    }
}
