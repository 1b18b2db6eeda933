/// A set of words that the API may extend at any time: one it does not know is kept as it came, never refused.
public protocol OpenEnum: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The cases known and the word that the API uses for each at present.
    static var words: [(value: Self, word: String)] { get }
    /// What older versions of the API said in place of a present word.
    static var olderWords: [(value: Self, word: String)] { get }
    static func unknown(_ word: String) -> Self
    /// The word of a value that is not known.
    var unknownWord: String? { get }
}

extension OpenEnum {
    public static var olderWords: [(value: Self, word: String)] { [] }

    public init(wire: String) {
        let word = wire.lowercased()
        self =
            Self.words.first { $0.word.lowercased() == word }?.value
            ?? Self.olderWords.first { $0.word == word }?.value ?? .unknown(wire)
    }

    /// The API's word.
    public var wire: String { unknownWord ?? Self.words.first { $0.value == self }?.word ?? "unknown" }

    public var description: String { wire }

    public init(from decoder: any Decoder) throws {
        self.init(wire: try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wire)
    }
}
