internal import Foundation

/// Reads fields that may be missing, null or of a neighbouring type. Unknown fields are never looked at.
///
/// The likely spelling is tried first: a mismatch costs a thrown error.
struct LenientFields {
    private let container: KeyedDecodingContainer<AnyKey>

    init(_ decoder: any Decoder) throws { container = try decoder.container(keyedBy: AnyKey.self) }

    private init(_ container: KeyedDecodingContainer<AnyKey>) { self.container = container }

    func nested(_ name: String) -> LenientFields? {
        (try? container.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey(name))).map(LenientFields.init)
    }

    func decode<T: Decodable>(_ type: T.Type, _ name: String) -> T? {
        (try? container.decodeIfPresent(type, forKey: AnyKey(name))) ?? nil
    }

    /// A field without which the object cannot be used.
    func required(_ name: String) throws -> String {
        guard let value = text(name) else {
            throw DecodingError.keyNotFound(
                AnyKey(name), .init(codingPath: container.codingPath, debugDescription: "\(name) is missing"))
        }
        return value
    }

    func id<Resource>(_ name: String) throws -> ResourceID<Resource> { ResourceID(rawValue: try required(name)) }

    /// A non-empty text; a number's digits.
    func text(_ name: String) -> String? {
        if let value = decode(String.self, name) { return value.isEmpty ? nil : value }
        return decode(Int64.self, name).map { String($0) }
    }

    func word<Word: OpenEnum>(_ type: Word.Type, _ name: String) -> Word? { text(name).map(Word.init(wire:)) }

    func number(_ name: String) -> Int? { decode(Int.self, name) }

    /// An integer, also when it is spelt as a text or as 128.0.
    func integer(_ name: String) -> Int? {
        decode(Int.self, name) ?? decode(String.self, name).flatMap { Int($0) }
            ?? decode(Double.self, name).flatMap { Int(exactly: $0) }
    }

    /// The Instances page calls `is_protected` a String and shows a boolean.
    func flag(_ name: String) -> Bool? {
        decode(Bool.self, name) ?? decode(String.self, name).flatMap { Bool($0.lowercased()) }
    }

    func date(_ name: String) -> Date? {
        if let text = decode(String.self, name) { return WireDate.parse(text) }
        return decode(Double.self, name).map { Date(timeIntervalSince1970: $0) }
    }

    func list<T: Decodable>(_ type: T.Type, _ name: String) -> [T] {
        decode([Tolerant<T>].self, name)?.compactMap(\.value) ?? []
    }

    private struct Tolerant<T: Decodable>: Decodable {
        let value: T?

        init(from decoder: any Decoder) { value = try? T(from: decoder) }
    }
}

struct AnyKey: CodingKey {
    let stringValue: String

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
    var intValue: Int? { nil }
}
