internal import PositionedYAML

/// `--set dotted.path=value`: replaces or adds one value of a spec before it is checked.
///
/// The value is scalar text and gets the type of its field, as in the file. A list is reached by index; the index
/// one past its end appends.
public struct SpecOverride: Sendable, Hashable {
    /// The keys and indices from the root.
    public let path: [String]
    public let value: String

    /// Why a text is no override.
    public struct Malformed: Error, Sendable, CustomStringConvertible {
        public var description: String
    }

    /// - Throws: ``Malformed``.
    public init(parsing text: String) throws(Malformed) {
        guard let equals = text.firstIndex(of: "=") else {
            throw Malformed(
                description: "--set \(Quoted(text)) has no `=`: write --set path=value, as in --set timeouts.run=2h")
        }
        path = text[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        value = String(text[text.index(after: equals)...])
        guard path.allSatisfy({ !$0.isEmpty }), path.count <= 16 else {
            throw Malformed(
                description: "--set \(Quoted(text)) names no field: write --set path=value, with keys joined by dots")
        }
    }

    /// How problems name this override. A long value is cut.
    var name: String {
        let text = "--set \(path.joined(separator: "."))=\(value)"
        return Quoted.visible(text.count > 80 ? text.prefix(77) + "..." : text[...])
    }

    var location: SpecLocation { .option(name) }

    /// Applies it to a tree.
    /// - Returns: what is wrong with the path, or `nil`.
    func apply(to root: inout SpecNode) -> String? { set(path[...], in: &root, parent: "the spec") }

    private func set(_ path: ArraySlice<String>, in node: inout SpecNode, parent: String) -> String? {
        guard let step = path.first else {
            node = SpecNode(content: .scalar(YAMLScalar(text: value, isQuoted: false)), location: location)
            return nil
        }
        let rest = path.dropFirst()
        switch node.content {
        case .scalar where node.isMissing:
            var entry = SpecEntry(
                key: step, keyLocation: location,
                value: SpecNode(content: .scalar(YAMLScalar(text: "", isQuoted: false)), location: location))
            let problem = set(rest, in: &entry.value, parent: "`\(step)`")
            node = SpecNode(content: .mapping([entry]), location: location)
            return problem
        case .scalar:
            return "\(parent) is a single value, so it has no `\(Quoted.visible(step[...]))`"
        case .mapping(var entries):
            let index =
                entries.firstIndex { $0.key == step }
                ?? {
                    entries.append(
                        SpecEntry(
                            key: step, keyLocation: location,
                            value: SpecNode(
                                content: .scalar(YAMLScalar(text: "", isQuoted: false)), location: location)))
                    return entries.count - 1
                }()
            let problem = set(rest, in: &entries[index].value, parent: "`\(step)`")
            node.content = .mapping(entries)
            return problem
        case .sequence(var items):
            guard let index = Int(step), index >= 0, index <= items.count else {
                return "\(parent) is a list of \(items.count): `\(Quoted.visible(step[...]))` is no index of it"
                    + " (0 to \(items.count), which appends)"
            }
            if index == items.count {
                items.append(
                    SpecNode(content: .scalar(YAMLScalar(text: "", isQuoted: false)), location: location))
            }
            let problem = set(rest, in: &items[index], parent: "`\(step)`")
            node.content = .sequence(items)
            return problem
        }
    }
}
