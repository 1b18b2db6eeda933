import PositionedYAML

/// Where a value was written: a place in the file, or an option of the command line.
struct SpecLocation: Hashable {
    var file: String
    var position: YAMLPosition

    static func option(_ text: String) -> SpecLocation {
        SpecLocation(file: text, position: YAMLPosition(line: 1, column: 1))
    }
}

/// The YAML tree with locations instead of positions, so that overrides keep their own.
struct SpecNode {
    enum Content {
        case scalar(YAMLScalar)
        case sequence([SpecNode])
        case mapping([SpecEntry])
    }

    var content: Content
    var location: SpecLocation

    init(content: Content, location: SpecLocation) {
        self.content = content
        self.location = location
    }

    init(_ node: YAMLNode, file: String) {
        location = SpecLocation(file: file, position: node.position)
        switch node.content {
        case .scalar(let scalar):
            content = .scalar(scalar)
        case .sequence(let items):
            content = .sequence(items.map { SpecNode($0, file: file) })
        case .mapping(let entries):
            content = .mapping(
                entries.map {
                    SpecEntry(
                        key: $0.key, keyLocation: SpecLocation(file: file, position: $0.keyPosition),
                        value: SpecNode($0.value, file: file))
                })
        }
    }

    /// A key without a value. What it means is for its field to say.
    var isMissing: Bool {
        if case .scalar(let scalar) = content { return scalar.text.isEmpty && !scalar.isQuoted }
        return false
    }

    /// The word for error messages.
    var kind: String {
        switch content {
        case .scalar: isMissing ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

struct SpecEntry {
    var key: String
    var keyLocation: SpecLocation
    var value: SpecNode
}
