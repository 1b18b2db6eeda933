private import Yams

/// Composes a text even when keys are given twice.
///
/// Yams stops at the first mapping with a duplicate and names only the first occurrence, but a user wants every
/// problem at once. So the first character of that occurrence is replaced by a private-use character of the same
/// width, which moves no position, and the text is composed again; ``NodeWalk`` puts the character back.
struct DuplicateTolerantComposer {
    struct Composed {
        var root: ComposedNode?
        /// Holds the anchors, to which nodes refer weakly.
        var parser: AnyObject
    }

    /// The replaced characters: the private-use stand-in and what stood there.
    private(set) var renamed: [Unicode.Scalar: Unicode.Scalar] = [:]
    /// The first duplicate, in Yams' words, for when its second occurrence is not found again.
    private(set) var firstDuplicate: YAMLProblem?
    private var text: String

    init(text: String) { self.text = text }

    /// More than this many duplicates in one file help nobody.
    private static let limit = 50

    mutating func compose() -> Result<Composed, YAMLProblem> {
        while true {
            do {
                // `.utf8`: the default consults an environment variable, and prints.
                let parser = try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8)
                let root = try parser.singleRoot()
                return .success(Composed(root: root.map(ComposedNode.init(node:)), parser: parser))
            } catch let error as YamlError {
                let problem = YAMLProblem(error)
                guard problem.code == .duplicateKey else { return .failure(problem) }
                if firstDuplicate == nil { firstDuplicate = problem }
                guard replaceFirstCharacter(at: problem.position) else { return .failure(problem) }
            } catch {
                return .failure(
                    YAMLProblem(
                        code: .syntax, message: "cannot be read: \(error)",
                        position: YAMLPosition(line: 1, column: 1)))
            }
        }
    }

    /// Whether the key at `position` could be renamed.
    private mutating func replaceFirstCharacter(at position: YAMLPosition) -> Bool {
        guard renamed.count < Self.limit,
            let standIn = Unicode.Scalar(0xF000 + UInt32(renamed.count)),
            !text.unicodeScalars.contains(standIn)
        else { return false }
        var cursor = PositionCursor()
        var scalars = text.unicodeScalars
        var index = scalars.startIndex
        while index < scalars.endIndex, cursor.position < position {
            cursor.advance(over: scalars[index])
            index = scalars.index(after: index)
        }
        guard index < scalars.endIndex, cursor.position == position else { return false }
        var first = scalars[index]
        if first == "\"" || first == "'" {
            index = scalars.index(after: index)
            guard index < scalars.endIndex else { return false }
            first = scalars[index]
        }
        // Only a character that is certainly the key's own: no quote, escape or indicator.
        guard first.properties.isAlphabetic || first.properties.numericType != nil || first == "_" else {
            return false
        }
        renamed[standIn] = first
        scalars.replaceSubrange(index..<scalars.index(after: index), with: CollectionOfOne(standIn))
        text = String(scalars)
        return true
    }
}

extension YAMLProblem {
    fileprivate init(_ error: YamlError) {
        func position(_ mark: Mark) -> YAMLPosition {
            YAMLPosition(line: max(1, mark.line), column: max(1, mark.column))
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let context = context.map { $0.text.isEmpty ? "" : " (\($0.text) from line \($0.mark.line))" } ?? ""
            self.init(code: .syntax, message: "not valid YAML: \(problem)\(context)", position: position(mark))
        case .composer(_, let problem, let mark, _):
            if problem.contains("another document") {
                self.init(
                    code: .syntax, message: "a second document starts here: one file holds one document",
                    position: position(mark))
            } else if problem.contains("alias") {
                self.init(code: .alias, message: Self.aliasMessage, position: position(mark))
            } else {
                self.init(code: .syntax, message: "not valid YAML: \(problem)", position: position(mark))
            }
        case .duplicatedKeysInMapping(let names, let context):
            let names = names.map { "`\($0)`" }.joined(separator: ", ")
            self.init(
                code: .duplicateKey, message: "given more than once: \(names)", position: position(context.mark))
        case .memory:
            // libyaml reports its nesting limit (1000) as a failed allocation.
            self.init(
                code: .tooDeep, message: "nested too deeply to be read", position: YAMLPosition(line: 1, column: 1))
        case .reader, .no, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            self.init(
                code: .syntax, message: "not valid YAML: \(error)", position: YAMLPosition(line: 1, column: 1))
        }
    }

    static var aliasMessage: String { "aliases and anchors (`*name`, `&name`) are not supported: write the value out" }
}
