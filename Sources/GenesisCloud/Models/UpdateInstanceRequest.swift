/// What to change of an instance (Instances page, "Update an Instance" and the two "Attach/Detach" parts). What is `nil`
/// stays as it is; the hostname, type, image, region and floating IP cannot be changed.
public struct UpdateInstanceRequest: Sendable, Hashable, Encodable {
    /// The hostname is not affected.
    public var name: String?
    public var isProtected: Bool?
    /// The boot volume in GiB. It can only grow.
    public var diskSizeGiB: Int?
    public var securityGroups: ListChange<SecurityGroup>?
    public var volumes: ListChange<Volume>?
    /// Not on the page but in the API's 2025 specification.
    public var reservationID: Reservation.ID?

    public init(
        name: String? = nil, isProtected: Bool? = nil, diskSizeGiB: Int? = nil,
        securityGroups: ListChange<SecurityGroup>? = nil, volumes: ListChange<Volume>? = nil,
        reservationID: Reservation.ID? = nil
    ) {
        self.name = name
        self.isProtected = isProtected
        self.diskSizeGiB = diskSizeGiB
        self.securityGroups = securityGroups
        self.volumes = volumes
        self.reservationID = reservationID
    }

    private enum CodingKeys: String, CodingKey {
        case name, volumes
        case isProtected = "is_protected"
        case diskSizeGiB = "disk_size"
        case securityGroups = "security_groups"
        case reservationID = "reservation_id"
    }
}

/// How to change what is attached to an instance.
public enum ListChange<Resource>: Sendable, Hashable {
    /// The full list from now on, as on the page; empty = none.
    case replace([ResourceID<Resource>])
    /// One more. Not on the page but in the API since October 2024.
    case attach(ResourceID<Resource>)
    /// One less. Not on the page but in the API since October 2024.
    case detach(ResourceID<Resource>)
}

extension ListChange: Encodable {
    private enum CodingKeys: String, CodingKey { case attach, detach }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .replace(let ids):
            var container = encoder.singleValueContainer()
            try container.encode(ids)
        case .attach(let id):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(id, forKey: .attach)
        case .detach(let id):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(id, forKey: .detach)
        }
    }

    func check(_ field: String) throws {
        switch self {
        case .replace(let ids): try RequestRules.ids(ids, field)
        case .attach(let id), .detach(let id): try RequestRules.id(id, field)
        }
    }
}

extension UpdateInstanceRequest: CheckedBody {
    /// Holds the body against the rules the API states.
    /// - Throws: ``GenesisCloudError`` `validation`, whose ``GenesisCloudError/field`` names the field.
    public func check() throws {
        guard self != UpdateInstanceRequest() else {
            throw RequestRules.refuse(
                "name", "or another field to change is required (is_protected, disk_size, security_groups, volumes)")
        }
        try RequestRules.optional(name, "name")
        try RequestRules.atLeast(RequestRules.smallestDiskGiB, diskSizeGiB, "disk_size")
        try securityGroups?.check("security_groups")
        try volumes?.check("volumes")
        try RequestRules.id(reservationID, "reservation_id")
    }
}
