public import Foundation

/// An image that instances can be created from.
public struct Image: Sendable, Hashable, Codable, Identifiable {
    public typealias ID = ResourceID<Image>

    public var id: ID
    public var name: String
    /// Accepted in place of the id, alone or as `slug:version`.
    public var slug: String?
    public var type: Kind?
    public var family: String?
    public var versions: [String]
    public var regions: [String]
    public var osType: OSType?
    public var createdAt: Date?
    public var updatedAt: Date?

    enum CodingKeys: String, CodingKey {
        case id, name, slug, type, family, versions, regions
        case osType = "os_type"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.id("id")
        name = try fields.required("name")
        slug = fields.text("slug")
        type = fields.word(Kind.self, "type")
        family = fields.text("family")
        versions = fields.list(String.self, "versions")
        regions = fields.list(String.self, "regions")
        osType = fields.word(OSType.self, "os_type")
        createdAt = fields.date("created_at")
        updatedAt = fields.date("updated_at")
    }

    /// The filter of ``GenesisCloudClient/images(type:)``. Since 2025 the API knows `cloud-image` only.
    public enum Kind: OpenEnum {
        case cloudImage, baseOS, preconfigured, snapshot
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [
            (.cloudImage, "cloud-image"), (.baseOS, "base-os"), (.preconfigured, "preconfigured"),
            (.snapshot, "snapshot"),
        ]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }
}
