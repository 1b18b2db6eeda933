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
        case diskSize = "disk_size"
    }

    /// The limit of `metadata.startup_script`, in bytes; counted over `user_data` as well.
    public static let metadataLimit = 64 * 1024
}

/// The body of `PATCH /instances/{id}`.
public struct InstancePatch: Codable, Hashable, Sendable {
    public var name: String?
    public var isProtected: Bool?
    public var diskSize: Int?
    public var securityGroups: [String]?
    public var volumes: [String]?

    public init(name: String? = nil, isProtected: Bool? = nil, diskSize: Int? = nil) {
        self.name = name
        self.isProtected = isProtected
        self.diskSize = diskSize
    }

    private enum CodingKeys: String, CodingKey {
        case name, volumes
        case isProtected = "is_protected"
        case diskSize = "disk_size"
        case securityGroups = "security_groups"
    }
}
