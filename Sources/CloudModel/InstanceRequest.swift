/// The body of `POST /instances`, decoded but not judged.
public struct InstanceRequest: Codable, Hashable, Sendable {
    /// One part of `metadata.user_data`.
    public struct Part: Codable, Hashable, Sendable {
        public var type: String?
        public var filename: String?
        public var content: String?

        public init(type: String?, filename: String? = nil, content: String?) {
            self.type = type
            self.filename = filename
            self.content = content
        }
    }

    public struct Metadata: Codable, Hashable, Sendable {
        public var startupScript: String?
        public var userData: [Part]?

        public init(startupScript: String? = nil, userData: [Part]? = nil) {
            self.startupScript = startupScript
            self.userData = userData
        }

        private enum CodingKeys: String, CodingKey {
            case startupScript = "startup_script"
            case userData = "user_data"
        }
    }

    public var name: String?
    public var hostname: String?
    public var type: String?
    public var region: String?
    public var placementOption: String?
    public var image: String?
    public var floatingIP: String?
    public var sshKeys: [String]?
    public var volumes: [String]?
    public var password: String?
    public var securityGroups: [String]?
    public var isProtected: Bool?
    public var destroyOnShutdown: Bool?
    public var publicIPType: String?
    public var billingType: String?
    public var diskSize: Int?
    public var metadata: Metadata?

    public init(
        name: String? = nil, hostname: String? = nil, type: String? = nil, region: String? = nil,
        image: String? = nil,
        sshKeys: [String]? = nil, metadata: Metadata? = nil
    ) {
        self.name = name
        self.hostname = hostname
        self.type = type
        self.region = region
        self.image = image
        self.sshKeys = sshKeys
        self.metadata = metadata
    }

    private enum CodingKeys: String, CodingKey {
        case name, hostname, type, region, image, volumes, password, metadata
        case placementOption = "placement_option"
        case floatingIP = "floating_ip"
        case sshKeys = "ssh_keys"
        case securityGroups = "security_groups"
        case isProtected = "is_protected"
        case destroyOnShutdown = "destroy_on_shutdown"
        case publicIPType = "public_ip_type"
        case billingType = "billing_type"
        case diskSize = "disk_size"
    }

    /// The limit of `metadata.startup_script`, in bytes; counted over `user_data` as well.
    public static let metadataLimit = 64 * 1024
}

/// A change of a list of ids: the page's full list, or the later `{"attach": id}` and `{"detach": id}`.
public enum IDListPatch: Codable, Hashable, Sendable {
    case replace([String])
    case attach(String)
    case detach(String)

    private enum CodingKeys: String, CodingKey { case attach, detach }

    public init(from decoder: any Decoder) throws {
        guard let object = try? decoder.container(keyedBy: CodingKeys.self) else {
            self = .replace(try [String](from: decoder))
            return
        }
        let attached = try object.decodeIfPresent(String.self, forKey: .attach)
        let detached = try object.decodeIfPresent(String.self, forKey: .detach)
        switch (attached, detached) {
        case (let id?, nil): self = .attach(id)
        case (nil, let id?): self = .detach(id)
        default:
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "exactly one of attach and detach"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .replace(let ids): try ids.encode(to: encoder)
        case .attach(let id): try [CodingKeys.attach.rawValue: id].encode(to: encoder)
        case .detach(let id): try [CodingKeys.detach.rawValue: id].encode(to: encoder)
        }
    }

    /// The list afterwards. Both single forms may be repeated.
    func applied(to current: [String]) -> [String] {
        switch self {
        case .replace(let ids):
            var seen: Set<String> = []
            return ids.filter { seen.insert($0).inserted }
        case .attach(let id): return current.contains(id) ? current : current + [id]
        case .detach(let id): return current.filter { $0 != id }
        }
    }
}

/// The body of `PATCH /instances/{id}`.
public struct InstancePatch: Codable, Hashable, Sendable {
    public var name: String?
    public var isProtected: Bool?
    public var diskSize: Int?
    public var securityGroups: IDListPatch?
    public var volumes: IDListPatch?

    public init(
        name: String? = nil, isProtected: Bool? = nil, diskSize: Int? = nil, securityGroups: IDListPatch? = nil,
        volumes: IDListPatch? = nil
    ) {
        self.name = name
        self.isProtected = isProtected
        self.diskSize = diskSize
        self.securityGroups = securityGroups
        self.volumes = volumes
    }

    private enum CodingKeys: String, CodingKey {
        case name, volumes
        case isProtected = "is_protected"
        case diskSize = "disk_size"
        case securityGroups = "security_groups"
    }
}
