public import Foundation

/// A network filesystem, mounted by NFS version 3 over TCP.
public struct Filesystem: Sendable, Hashable, Codable, Identifiable {
    public typealias ID = ResourceID<Filesystem>

    public var id: ID
    public var name: String
    public var description: String?
    public var type: Kind?
    public var sizeGiB: Int?
    public var region: String?
    public var status: Status
    /// The first and the last address that serve it; any one between can be mounted.
    public var mountEndpointRange: [String]
    public var mountBasePath: String?
    public var createdAt: Date?
    public var updatedAt: Date?

    enum CodingKeys: String, CodingKey {
        case id, name, description, type, region, status
        case sizeGiB = "size"
        case mountEndpointRange = "mount_endpoint_range"
        case mountBasePath = "mount_base_path"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.id("id")
        name = try fields.required("name")
        description = fields.text("description")
        type = fields.word(Kind.self, "type")
        sizeGiB = fields.integer("size")
        region = fields.text("region")
        status = Status(wire: try fields.required("status"))
        mountEndpointRange = fields.list(String.self, "mount_endpoint_range")
        mountBasePath = fields.text("mount_base_path")
        createdAt = fields.date("created_at")
        updatedAt = fields.date("updated_at")
    }

    public enum Kind: OpenEnum {
        case vast
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [(.vast, "vast")]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }

    public enum Status: OpenEnum {
        case creating, created, deleting, error
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [
            (.creating, "creating"), (.created, "created"), (.deleting, "deleting"), (.error, "error"),
        ]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }
}

/// A filesystem to be made. Costs money from then on.
public struct CreateFilesystemRequest: Sendable, Hashable, CheckedBody {
    public var name: String
    public var region: String
    /// GiB, at least 1.
    public var sizeGiB: Int
    public var description: String?
    public var type: Filesystem.Kind?

    public init(
        name: String, region: String, sizeGiB: Int, description: String? = nil, type: Filesystem.Kind? = nil
    ) {
        self.name = name
        self.region = region
        self.sizeGiB = sizeGiB
        self.description = description
        self.type = type
    }

    private enum CodingKeys: String, CodingKey {
        case name, region, description, type
        case sizeGiB = "size"
    }

    public func check() throws {
        try RequestRules.required(name, "name")
        try RequestRules.required(region, "region")
        try RequestRules.atLeast(1, sizeGiB, "size")
    }
}
