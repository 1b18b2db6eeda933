/// The body of a create request (Instances page, "Create an Instance"). What is `nil` is not sent.
public struct CreateInstanceRequest: Sendable, Hashable, Encodable {
    public var name: String
    public var hostname: String
    public var type: String
    /// The page calls it required, its own sample leaves it out.
    public var region: String?
    /// An image id, slug, `slug:version`, or a snapshot id.
    public var image: String
    /// Ids of registered keys. Logging in by password is not offered here.
    public var sshKeys: [String]
    public var placementOption: String?
    public var floatingIP: String?
    public var volumes: [String]?
    /// `nil` = the account's standard group; empty = none at all.
    public var securityGroups: [String]?
    public var isProtected: Bool?
    /// The boot volume in GiB; the API's minimum and default is 80.
    public var diskSizeGiB: Int?
    /// Not on the page but in the API's 2025 specification: a shutdown from within destroys the instance.
    public var destroyOnShutdown: Bool?
    public var metadata: Metadata?

    /// What the instance is given to read at its first boot, in one of the two forms the API takes.
    public enum Metadata: Sendable, Hashable {
        /// A script or a `#cloud-config`, at most 64 KiB. The only form legacy accounts know.
        case startupScript(String)
        case userData([UserDataPart])
    }

    public struct UserDataPart: Sendable, Hashable, Encodable {
        /// A MIME type, for example `text/cloud-config`.
        public var type: String
        public var filename: String?
        public var content: String

        public init(type: String, filename: String? = nil, content: String) {
            self.type = type
            self.filename = filename
            self.content = content
        }
    }

    public init(
        name: String, hostname: String, type: String, region: String?, image: String, sshKeys: [String],
        placementOption: String? = nil, floatingIP: String? = nil, volumes: [String]? = nil,
        securityGroups: [String]? = nil, isProtected: Bool? = nil, diskSizeGiB: Int? = nil,
        destroyOnShutdown: Bool? = nil, metadata: Metadata? = nil
    ) {
        self.name = name
        self.hostname = hostname
        self.type = type
        self.region = region
        self.image = image
        self.sshKeys = sshKeys
        self.placementOption = placementOption
        self.floatingIP = floatingIP
        self.volumes = volumes
        self.securityGroups = securityGroups
        self.isProtected = isProtected
        self.diskSizeGiB = diskSizeGiB
        self.destroyOnShutdown = destroyOnShutdown
        self.metadata = metadata
    }

    private enum CodingKeys: String, CodingKey {
        case name, hostname, type, region, image, volumes, metadata
        case sshKeys = "ssh_keys"
        case placementOption = "placement_option"
        case floatingIP = "floating_ip"
        case securityGroups = "security_groups"
        case isProtected = "is_protected"
        case diskSizeGiB = "disk_size"
        case destroyOnShutdown = "destroy_on_shutdown"
    }
}

extension CreateInstanceRequest.Metadata: Encodable {
    private enum CodingKeys: String, CodingKey {
        case startupScript = "startup_script"
        case userData = "user_data"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .startupScript(let text): try container.encode(text, forKey: .startupScript)
        case .userData(let parts): try container.encode(parts, forKey: .userData)
        }
    }
}
