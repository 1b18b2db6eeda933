/// What a region has to offer just now.
public struct Availability: Sendable, Hashable, Codable {
    public var region: String?
    public var placement: String?
    public var instanceTypes: [InstanceType]

    enum CodingKeys: String, CodingKey {
        case region, placement
        case instanceTypes = "instance_types"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        region = fields.text("region")
        placement = fields.text("placement")
        instanceTypes = fields.list(InstanceType.self, "instance_types")
    }

    public struct InstanceType: Sendable, Hashable, Codable {
        /// The identifier that a create request takes.
        public var type: String
        public var isAvailable: Bool
        /// How many, where the API says so.
        public var count: Int?

        enum CodingKeys: String, CodingKey {
            case type, count
            case isAvailable = "available"
        }

        public init(from decoder: any Decoder) throws {
            let fields = try LenientFields(decoder)
            type = try fields.required("type")
            count = fields.integer("count")
            isAvailable = fields.flag("available") ?? ((fields.integer("available") ?? count ?? 0) > 0)
        }
    }
}

/// How much of something the account may have.
public struct Quota: Sendable, Hashable, Codable {
    public var key: String
    public var capacity: Int?
    public var used: Int?
    public var flavors: [Flavor]

    enum CodingKeys: String, CodingKey { case key, capacity, used, flavors }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        key = try fields.required("key")
        capacity = fields.integer("capacity")
        used = fields.integer("used")
        flavors = fields.list(Flavor.self, "flavors")
    }

    /// What counts against a quota.
    public struct Flavor: Sendable, Hashable, Codable {
        public var flavorName: String?
        public var productName: String?
        public var unit: String?
        public var used: Int?

        enum CodingKeys: String, CodingKey {
            case unit, used
            case flavorName = "flavor_name"
            case productName = "product_name"
        }

        public init(from decoder: any Decoder) throws {
            let fields = try LenientFields(decoder)
            flavorName = fields.text("flavor_name")
            productName = fields.text("product_name")
            unit = fields.text("unit") ?? fields.text("per")
            used = fields.integer("used")
        }
    }
}

/// Machines that the account has reserved.
public struct Reservation: Sendable, Hashable, Codable, Identifiable {
    public typealias ID = ResourceID<Reservation>

    public var id: ID
    public var flavorName: String?
    public var region: String?
    public var metadata: JSONValue?
    public var quota: Usage?

    enum CodingKeys: String, CodingKey {
        case id, region, metadata, quota
        case flavorName = "flavor_name"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.id("id")
        flavorName = fields.text("flavor_name")
        region = fields.text("region")
        metadata = fields.decode(JSONValue.self, "metadata")
        quota = fields.decode(Usage.self, "quota")
    }

    public struct Usage: Sendable, Hashable, Codable {
        public var capacity: Int?
        public var used: Int?

        enum CodingKeys: String, CodingKey { case capacity, used }

        public init(from decoder: any Decoder) throws {
            let fields = try LenientFields(decoder)
            capacity = fields.integer("capacity")
            used = fields.integer("used")
        }
    }
}
