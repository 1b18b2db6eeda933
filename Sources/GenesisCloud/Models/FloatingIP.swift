public import Foundation

/// A public address that outlives instances. It is attached when an instance is created, and only then.
public struct FloatingIP: Sendable, Hashable, Codable, Identifiable {
    public typealias ID = ResourceID<FloatingIP>

    public var id: ID
    public var name: String
    public var description: String?
    /// Missing until it is assigned.
    public var ipAddress: String?
    public var isPublic: Bool?
    public var version: Version?
    public var region: String?
    public var status: Status?
    public var instance: Reference<Instance>?
    public var createdAt: Date?
    public var updatedAt: Date?

    enum CodingKeys: String, CodingKey {
        case id, name, description, version, region, status, instance
        case ipAddress = "ip_address"
        case isPublic = "is_public"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.id("id")
        name = try fields.required("name")
        description = fields.text("description")
        ipAddress = fields.text("ip_address")
        isPublic = fields.flag("is_public")
        version = fields.word(Version.self, "version")
        region = fields.text("region")
        status = fields.word(Status.self, "status")
        instance = fields.decode(Reference.self, "instance")
        createdAt = fields.date("created_at")
        updatedAt = fields.date("updated_at")
    }

    public enum Version: OpenEnum {
        case ipv4, ipv6
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [(.ipv4, "ipv4"), (.ipv6, "ipv6")]
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

/// A floating IP to be made. Costs money from then on.
public struct CreateFloatingIPRequest: Sendable, Hashable, CheckedBody {
    public var name: String
    public var region: String
    public var description: String?
    /// Defaults to `ipv4`, the only one that the API accepts.
    public var version: FloatingIP.Version?

    public init(name: String, region: String, description: String? = nil, version: FloatingIP.Version? = nil) {
        self.name = name
        self.region = region
        self.description = description
        self.version = version
    }

    public func check() throws {
        try RequestRules.required(name, "name")
        try RequestRules.required(region, "region")
        guard version == nil || version == .ipv4 else {
            throw RequestRules.refuse("version", "is \(version?.wire ?? ""), and the API makes ipv4 only")
        }
    }
}

/// What to change of a floating IP. What is `nil` stays as it is.
public struct UpdateFloatingIPRequest: Sendable, Hashable, CheckedBody {
    public var name: String?
    public var description: String?

    public init(name: String? = nil, description: String? = nil) {
        self.name = name
        self.description = description
    }

    public func check() throws {
        guard name != nil || description != nil else {
            throw RequestRules.refuse("name", "or description is required")
        }
        try RequestRules.optional(name, "name")
    }
}
