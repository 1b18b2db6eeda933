/// Why a text is not YAML that this reader takes.
public struct YAMLProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// libyaml cannot read it.
        case syntax
        /// A character that YAML forbids, such as a control character.
        case character
        case duplicateKey
        /// `&name`, `*name` or `<<`: what a value is must be readable where it stands.
        case alias
        /// `!tag`: scalars get their type from the reader of the field alone.
        case tag
        /// A key that is a list or a mapping.
        case complexKey
        case tooDeep
    }

    public var code: Code
    public var message: String
    public var position: YAMLPosition

    public init(code: Code, message: String, position: YAMLPosition) {
        self.code = code
        self.message = message
        self.position = position
    }

    public var description: String { "\(position.line):\(position.column): \(message)" }
}
