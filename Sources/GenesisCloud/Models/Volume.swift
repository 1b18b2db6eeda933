public import Foundation

/// A block volume, which outlives the instances it is attached to.
public struct Volume: Sendable, Hashable, Codable, Identifiable {
    public typealias ID = ResourceID<Volume>

    public var id: ID
    public var name: String
    public var description: String?
    public var type: Kind?
    public var sizeGiB: Int?
    public var region: String?
    /// What it is attached to.
    public var instances: [Reference<Instance>]
    public var status: Status
    public var createdAt: Date?
    public var updatedAt: Date?

    enum CodingKeys: String, CodingKey {
        case id, name, description, type, region, instances, status
        case sizeGiB = "size"
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
        instances = fields.list(Reference.self, "instances")
        status = Status(wire: try fields.required("status"))
        createdAt = fields.date("created_at")
        updatedAt = fields.date("updated_at")
    }

    /// Whether it can be attached: ready, and attached to nothing.
    public var isFree: Bool { status == .created && instances.isEmpty }

    public enum Kind: OpenEnum {
        case hdd
        /// Said to exist in NORD-NO-KRS-1 only.
        case ssd
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [(.hdd, "hdd"), (.ssd, "ssd")]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }

    public enum Status: OpenEnum {
        case creating
        /// Usable; whether it is attached is said by ``Volume/instances``. Legacy accounts say `available` or `in-use`.
        case created
        case pendingDelete, deleting, error
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [
            (.creating, "creating"), (.created, "created"), (.pendingDelete, "pending_delete"),
            (.deleting, "deleting"), (.error, "error"),
        ]
        public static let olderWords: [(value: Self, word: String)] = [
            (.created, "available"), (.created, "in-use"), (.created, "active"), (.deleting, "deleted"),
        ]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }
}

/// A volume to be made. Costs money from then on.
public struct CreateVolumeRequest: Sendable, Hashable, CheckedBody {
    public var name: String
    public var region: String
    /// GiB, at least 1.
    public var sizeGiB: Int
    public var description: String?
    /// Defaults to `hdd`.
    public var type: Volume.Kind?

    public init(name: String, region: String, sizeGiB: Int, description: String? = nil, type: Volume.Kind? = nil) {
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

/// What to change of a volume or filesystem. What is `nil` stays as it is.
public struct UpdateStorageRequest: Sendable, Hashable, CheckedBody {
    public var name: String?
    public var description: String?
    /// GiB. It can only grow.
    public var sizeGiB: Int?

    public init(name: String? = nil, description: String? = nil, sizeGiB: Int? = nil) {
        self.name = name
        self.description = description
        self.sizeGiB = sizeGiB
    }

    private enum CodingKeys: String, CodingKey {
        case name, description
        case sizeGiB = "size"
    }

    public func check() throws {
        guard name != nil || description != nil || sizeGiB != nil else {
            throw RequestRules.refuse("name", "or another field to change is required (description, size)")
        }
        try RequestRules.optional(name, "name")
        try RequestRules.atLeast(1, sizeGiB, "size")
    }
}
