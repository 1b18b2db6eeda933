/// A place in a YAML text, as editors count.
public struct YAMLPosition: Hashable, Comparable, Sendable {
    /// From 1. CR, LF, CRLF, NEL, LS and PS each end a line, as in libyaml.
    public var line: Int
    /// From 1, in Unicode scalars.
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (lhs: YAMLPosition, rhs: YAMLPosition) -> Bool {
        (lhs.line, lhs.column) < (rhs.line, rhs.column)
    }
}

/// A YAML value with its place. Nothing is resolved: a scalar is its literal text.
public struct YAMLNode: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        /// In the order written; keys are unique.
        case mapping([YAMLEntry])
    }

    public var content: Content
    public var position: YAMLPosition

    public init(content: Content, position: YAMLPosition) {
        self.content = content
        self.position = position
    }
}

/// A scalar's characters after YAML's unescaping and folding, and nothing more: `no`, `010` and `12:30:00` stay text.
public struct YAMLScalar: Hashable, Sendable {
    public var text: String
    /// Whether the scalar was quoted or a block (`|`, `>`). A plain empty scalar is a key without a value.
    public var isQuoted: Bool

    public init(text: String, isQuoted: Bool) {
        self.text = text
        self.isQuoted = isQuoted
    }
}

/// A key and its value.
public struct YAMLEntry: Hashable, Sendable {
    public var key: String
    public var keyPosition: YAMLPosition
    public var value: YAMLNode

    public init(key: String, keyPosition: YAMLPosition, value: YAMLNode) {
        self.key = key
        self.keyPosition = keyPosition
        self.value = value
    }
}
