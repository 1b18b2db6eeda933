/// The API's id of one kind of resource, for example `Instance.ID`.
///
/// Genesis Cloud's are UUIDs in lower case, which nothing here relies on. An id of another kind does not compile in its
/// place, so that a volume's id never reaches an instance's route.
public struct ResourceID<Resource>: RawRepresentable, Hashable, Comparable, Sendable, Codable,
    ExpressibleByStringLiteral, CustomStringConvertible
{
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ text: String) { rawValue = text }
    public init(stringLiteral text: String) { rawValue = text }

    public init(from decoder: any Decoder) throws { rawValue = try decoder.singleValueContainer().decode(String.self) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    public var description: String { rawValue }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// Something that an object refers to by id.
public struct Reference<Resource>: Sendable, Hashable, Codable, Identifiable {
    public var id: ResourceID<Resource>
    public var name: String?

    public init(id: ResourceID<Resource>, name: String? = nil) {
        self.id = id
        self.name = name
    }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.id("id")
        name = fields.text("name")
    }
}
