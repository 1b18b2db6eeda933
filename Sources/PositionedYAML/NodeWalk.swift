internal import Yams

/// A node as Yams composed it.
struct ComposedNode {
    fileprivate var node: Node

    init(node: Node) { self.node = node }
}

/// Turns composed nodes into ``YAMLNode``s and refuses what must not be there.
struct NodeWalk {
    private(set) var problems: [YAMLProblem] = []
    private let renamed: [Unicode.Scalar: Unicode.Scalar]
    /// Where anchored nodes were met. A second meeting is an alias, which is not entered: a few lines of nested
    /// aliases stand for billions of nodes.
    private var anchored: Set<YAMLPosition> = []

    init(renamed: [Unicode.Scalar: Unicode.Scalar]) { self.renamed = renamed }

    /// - Parameter key: where the value's key stands; an alias has no place of its own (its mark is its anchor's).
    mutating func node(_ composed: ComposedNode, key: YAMLPosition?) -> YAMLNode? {
        node(composed.node, key: key)
    }

    private mutating func node(_ node: Node, key: YAMLPosition?) -> YAMLNode? {
        let position = Self.position(of: node) ?? key ?? YAMLPosition(line: 1, column: 1)
        if node.anchor != nil {
            refuse(.alias, YAMLProblem.aliasMessage, at: key ?? position)
            guard anchored.insert(position).inserted else { return nil }
        }
        if let tag = Self.writtenTag(of: node) {
            refuse(.tag, "tags (`\(tag)`) are not supported: a field's type is fixed, remove it", at: key ?? position)
        }
        switch node {
        case .scalar(let scalar):
            let scalar = YAMLScalar(text: scalar.string, isQuoted: scalar.style != .plain && scalar.style != .any)
            return YAMLNode(content: .scalar(scalar), position: position)
        case .sequence(let sequence):
            return YAMLNode(
                content: .sequence(sequence.compactMap { self.node($0, key: nil) }), position: position)
        case .mapping(let mapping):
            return YAMLNode(content: .mapping(entries(of: mapping)), position: position)
        case .alias:
            refuse(.alias, YAMLProblem.aliasMessage, at: key ?? position)
            return nil
        }
    }

    private mutating func entries(of mapping: Node.Mapping) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var first: [String: YAMLPosition] = [:]
        for (keyNode, valueNode) in mapping {
            let position = Self.position(of: keyNode) ?? YAMLPosition(line: 1, column: 1)
            guard case .scalar(let scalar) = keyNode, keyNode.anchor == nil else {
                if keyNode.anchor != nil {
                    refuse(.alias, YAMLProblem.aliasMessage, at: position)
                } else {
                    refuse(.complexKey, "a key must be a word, not a list or a mapping", at: position)
                }
                continue
            }
            if let tag = Self.writtenTag(of: keyNode, isKey: true) {
                refuse(.tag, "tags (`\(tag)`) are not supported: remove it", at: position)
            }
            let key = original(scalar.string)
            if key == "<<", scalar.style == .plain {
                refuse(.alias, "merge keys (`<<`) are not supported: write the fields out", at: position)
                continue
            }
            if let earlier = first[key] {
                refuse(.duplicateKey, "`\(key)` is already given on line \(earlier.line)", at: position)
                continue
            }
            first[key] = position
            guard let value = node(valueNode, key: position) else { continue }
            entries.append(YAMLEntry(key: key, keyPosition: position, value: value))
        }
        return entries
    }

    private mutating func refuse(_ code: YAMLProblem.Code, _ message: String, at position: YAMLPosition) {
        problems.append(YAMLProblem(code: code, message: message, position: position))
    }

    private func original(_ key: String) -> String {
        guard let first = key.unicodeScalars.first, let character = renamed[first] else { return key }
        var scalars = key.unicodeScalars
        scalars.removeFirst()
        return String(character) + String(scalars)
    }

    private static func position(of node: Node) -> YAMLPosition? {
        node.mark.map { YAMLPosition(line: max(1, $0.line), column: max(1, $0.column)) }
    }

    /// The tag in the text, or `nil` when there is none.
    ///
    /// Yams marks quoted scalars as `str` by itself, and resolves the tags of keys when it compares them: with the
    /// resolver that knows no rules those become `str`, `seq` or `map`.
    private static func writtenTag(of node: Node, isKey: Bool = false) -> String? {
        let tag: Tag
        switch node {
        case .scalar(let scalar):
            tag = scalar.tag
            if isKey || scalar.style != .plain, tag.description == Tag.Name.str.rawValue { return nil }
        case .sequence(let sequence): tag = sequence.tag
        case .mapping(let mapping): tag = mapping.tag
        case .alias: return nil
        }
        return tag.description == Tag.Name.implicit.rawValue ? nil : tag.description
    }
}
