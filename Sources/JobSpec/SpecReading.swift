import PositionedYAML

/// One reading of a spec: gathers what is wrong while values are taken from the tree.
///
/// Every method reports a problem where it stands and returns `nil`, so that reading goes on to the next field.
struct SpecReading {
    /// Absolute folder of the spec: file references are relative to it.
    let directory: String
    private(set) var problems: [SpecProblem] = []
    private(set) var warnings: [SpecProblem] = []

    init(directory: String) { self.directory = directory }

    mutating func fail(_ location: SpecLocation, _ message: String) {
        problems.append(Self.problem(location, message))
    }

    mutating func warn(_ location: SpecLocation, _ message: String) {
        warnings.append(Self.problem(location, message))
    }

    private static func problem(_ location: SpecLocation, _ message: String) -> SpecProblem {
        SpecProblem(
            file: location.file, line: location.position.line, column: location.position.column, message: message)
    }

    /// The entries of a mapping by key; keys other than `known` are problems.
    mutating func fields(_ node: SpecNode, of what: String, known: [String]) -> [String: SpecEntry]? {
        guard let entries = mapping(node, what) else { return nil }
        var fields: [String: SpecEntry] = [:]
        for entry in entries {
            if known.contains(entry.key) {
                fields[entry.key] = entry
            } else {
                fail(entry.keyLocation, Self.unknownKey(entry.key, of: what, known: known))
            }
        }
        return fields
    }

    private static func unknownKey(_ key: String, of what: String, known: [String]) -> String {
        if key == "nodes" {
            return "`nodes` is reserved: a job has one instance, several are not supported yet;"
                + " submit one job per machine"
        }
        let place = what == "the spec" ? "" : " in \(what)"
        let canonical = key.lowercased().replacing("-", with: "_").replacing(" ", with: "_")
        let suggestion =
            SpecFields.otherNames[canonical].flatMap { known.contains($0) ? $0 : nil }
            ?? Suggestion.nearest(to: canonical, among: known)
        if let suggestion { return "unknown key \(Quoted(key))\(place): did you mean `\(suggestion)`?" }
        if what != "the spec", SpecFields.top.contains(canonical) {
            return "unknown key \(Quoted(key))\(place): `\(canonical)` stands at the top level, without indentation"
        }
        return "unknown key \(Quoted(key))\(place): expected \(list(known))"
    }

    /// "`a`, `b` or `c`".
    static func list(_ words: [String]) -> String {
        let quoted = words.map { "`\($0)`" }
        guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "" }
        return quoted.dropLast().joined(separator: ", ") + " or " + last
    }

    /// A mapping. A key with nothing under it (its lines are commented out, say) is an empty one.
    mutating func mapping(_ node: SpecNode, _ what: String) -> [SpecEntry]? {
        switch node.content {
        case .mapping(let entries): return entries
        case .scalar where node.isMissing: return []
        case .scalar, .sequence:
            fail(node.location, "\(what) must be a mapping of `key: value` lines, not \(node.kind)")
            return nil
        }
    }

    /// A list. A key with nothing under it is an empty one.
    mutating func list(_ node: SpecNode, _ what: String) -> [SpecNode]? {
        switch node.content {
        case .sequence(let items): return items
        case .scalar where node.isMissing: return []
        case .scalar, .mapping:
            fail(node.location, "\(what) must be a list, `[a, b]` or `- a` lines, not \(node.kind)")
            return nil
        }
    }

    /// A scalar's literal text, empty or not.
    mutating func anyText(_ node: SpecNode, _ what: String) -> String? {
        guard case .scalar(let scalar) = node.content else {
            fail(node.location, "\(what) must be a single value, not \(node.kind)")
            return nil
        }
        guard !scalar.text.unicodeScalars.contains("\0") else {
            fail(node.location, "\(what) must not contain a NUL character")
            return nil
        }
        return scalar.text
    }

    /// A scalar's literal text, which must not be empty.
    mutating func text(_ node: SpecNode, _ what: String) -> String? {
        guard let text = anyText(node, what) else { return nil }
        guard !text.isEmpty else {
            fail(node.location, "\(what) has no value: write one after the colon, or remove it")
            return nil
        }
        return text
    }

    /// A list of non-empty texts.
    mutating func texts(_ node: SpecNode, _ what: String) -> [String]? {
        guard let items = list(node, what) else { return nil }
        return items.compactMap { text($0, "an entry of \(what)") }
    }
}
