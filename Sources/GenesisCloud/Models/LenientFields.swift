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
        if let value = string(name) { return value.isEmpty ? nil : value }
        return number(name).map { String($0) }
    }

    func word<Word: OpenEnum>(_ type: Word.Type, _ name: String) -> Word? { text(name).map(Word.init(wire:)) }

    // The container's own methods for these types, which are several times faster than its generic one.

    private func string(_ name: String) -> String? {
        (try? container.decodeIfPresent(String.self, forKey: AnyKey(name))) ?? nil
    }

    func number(_ name: String) -> Int? { (try? container.decodeIfPresent(Int.self, forKey: AnyKey(name))) ?? nil }

    private func fraction(_ name: String) -> Double? {
        (try? container.decodeIfPresent(Double.self, forKey: AnyKey(name))) ?? nil
    }

    /// An integer, also when it is spelt as a text or as 128.0.
    func integer(_ name: String) -> Int? {
        number(name) ?? string(name).flatMap { Int($0) } ?? fraction(name).flatMap { Int(exactly: $0) }
    }

    /// The Instances page calls `is_protected` a String and shows a boolean.
    func flag(_ name: String) -> Bool? {
        ((try? container.decodeIfPresent(Bool.self, forKey: AnyKey(name))) ?? nil)
            ?? string(name).flatMap { Bool($0.lowercased()) }
    }

    func date(_ name: String) -> Date? {
        if let text = string(name) { return WireDate.parse(text) }
        // Up to the year 9999, which is as far as the API's own form of a time goes.
        return fraction(name).flatMap { abs($0) < 253_402_300_800 ? Date(timeIntervalSince1970: $0) : nil }
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
