public import Foundation

/// An instance as the API shows it (Instances page, "Instance Schema").
///
/// Only what identifies an instance and its status are required of an answer; any other field may be missing, null or
/// new without the answer becoming unreadable.
public struct Instance: Sendable, Hashable, Codable, Identifiable {
    public typealias ID = ResourceID<Instance>

    public var id: ID
    public var name: String
    /// Set at creation; a rename leaves it alone.
    public var hostname: String
    public var status: Status
    public var type: String
    public var region: String
    public var placementOption: String?
    /// What it was made from: an image, or a snapshot under its own id.
    public var image: Reference<Image>?
    public var floatingIP: Reference<FloatingIP>?
    public var sshKeys: [Reference<SSHKey>]
    public var securityGroups: [Reference<SecurityGroup>]
    public var volumes: [Reference<Volume>]
    /// `nil` when the answer does not say; newer API versions do not.
    public var isProtected: Bool?
    /// May take some time to be assigned.
    public var privateIP: String?
    /// May take some time to be assigned, also after the status is `active`.
    public var publicIP: String?
    /// Of legacy projects only.
    public var publicIPType: PublicIPType?
    /// The boot volume in GiB.
    public var diskSizeGiB: Int?
    /// Not on the page but in the API since 2024.
    public var dnsName: String?
    /// Not on the page but in the API since 2024.
    public var osType: OSType?
    /// Not on the page but in the API since 2024.
    public var reservationID: Reservation.ID?
    public var createdAt: Date?
    public var updatedAt: Date?
    /// An extension of clouds that speak this API on one address: the port of the instance's SSH server.
    public var sshPort: Int?

    enum CodingKeys: String, CodingKey {
        case id, name, hostname, status, type, region, image, volumes
        case placementOption = "placement_option"
        case floatingIP = "floating_ip"
        case sshKeys = "ssh_keys"
        case securityGroups = "security_groups"
        case isProtected = "is_protected"
        case privateIP = "private_ip"
        case publicIP = "public_ip"
        case publicIPType = "public_ip_type"
        case diskSizeGiB = "disk_size"
        case dnsName = "dns_name"
        case osType = "os_type"
        case reservationID = "reservation_id"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
        case sshPort = "ssh_port"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.id("id")
        name = try fields.required("name")
        hostname = try fields.required("hostname")
        status = Status(wire: try fields.required("status"))
        type = fields.text("type") ?? ""
        region = fields.text("region") ?? ""
        placementOption = fields.text("placement_option")
        image = fields.decode(Reference.self, "image")
        floatingIP = fields.decode(Reference.self, "floating_ip")
        sshKeys = fields.list(Reference.self, "ssh_keys")
        securityGroups = fields.list(Reference.self, "security_groups")
        volumes = fields.list(Reference.self, "volumes")
        isProtected = fields.flag("is_protected")
        privateIP = fields.text("private_ip")
        publicIP = fields.text("public_ip")
        publicIPType = fields.word(PublicIPType.self, "public_ip_type")
        diskSizeGiB = fields.integer("disk_size")
        dnsName = fields.text("dns_name")
        osType = fields.word(OSType.self, "os_type")
        reservationID = fields.text("reservation_id").map { Reservation.ID($0) }
        createdAt = fields.date("created_at")
        updatedAt = fields.date("updated_at")
        sshPort = fields.integer("ssh_port").flatMap { (1...65535).contains($0) ? $0 : nil }
    }

    /// Active *and* with a public address: only then somebody can log in.
    public var isReachable: Bool { status == .active && publicIP != nil }
}

extension Instance {
    /// Instances page, `status`. The set has changed before, so any other word is kept as it came: among others what the
    /// page lists for legacy accounts (`enqueued`, `copying`, `build`, `shutoff`, …).
    public enum Status: OpenEnum {
        case creating, pendingPayment, active, stopping, stopped, starting, resetting, error, deleting
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [
            (.creating, "creating"), (.pendingPayment, "pending_payment"), (.active, "active"),
            (.stopping, "stopping"), (.stopped, "stopped"), (.starting, "starting"), (.resetting, "resetting"),
            (.error, "error"), (.deleting, "deleting"),
        ]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }

    /// What can be asked of an instance (Instances page, "Perform action").
    public enum Action: OpenEnum {
        case start, stop, reset
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [
            (.start, "start"), (.stop, "stop"), (.reset, "reset"),
        ]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }

    /// Instances page, `public_ip_type`: whether a stop and a start keep the public address. Legacy projects only.
    public enum PublicIPType: OpenEnum {
        case staticAddress, dynamic
        case unknown(String)

        public static let words: [(value: Self, word: String)] = [(.staticAddress, "static"), (.dynamic, "dynamic")]
        public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
    }
}

/// The kind of operating system of an image, snapshot or instance.
public enum OSType: OpenEnum {
    case linux, windows
    case unknown(String)

    public static let words: [(value: Self, word: String)] = [(.linux, "linux"), (.windows, "windows")]
    public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
}
