public import Foundation

/// An instance as the API shows it (Instances page, "Instance Schema").
///
/// Only what identifies an instance and its status are required of an answer; any other field may be missing, null or
/// new without the answer becoming unreadable.
public struct Instance: Sendable, Hashable, Decodable {
    public var id: String
    public var name: String
    /// Set at creation; a rename leaves it alone.
    public var hostname: String
    public var status: Status
    public var type: String
    public var region: String
    public var placementOption: String?
    public var image: Reference?
    public var floatingIP: Reference?
    public var sshKeys: [Reference]
    public var securityGroups: [Reference]
    public var volumes: [Reference]
    /// `nil` when the answer does not say; newer API versions do not.
    public var isProtected: Bool?
    /// May take some time to be assigned.
    public var privateIP: String?
    /// May take some time to be assigned, also after the status is `active`.
    public var publicIP: String?
    /// The boot volume in GiB.
    public var diskSizeGiB: Int?
    public var createdAt: Date?
    public var updatedAt: Date?
    /// An extension of clouds that speak this API on one address: the port of the instance's SSH server.
    public var sshPort: Int?

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.required("id")
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
        diskSizeGiB = fields.integer("disk_size")
        createdAt = fields.date("created_at")
        updatedAt = fields.date("updated_at")
        sshPort = fields.integer("ssh_port").flatMap { (1...65535).contains($0) ? $0 : nil }
    }
}

extension Instance {
    /// Instances page, `status`. The set has changed before, so any other word is kept as it came.
    public enum Status: Sendable, Hashable {
        case creating, pendingPayment, active, stopping, stopped, starting, resetting, error, deleting
        /// Among others, what the page lists for legacy accounts: `enqueued`, `copying`, `build`, `shutoff`, …
        case unknown(String)

        private static let known: [(word: String, status: Status)] = [
            ("creating", .creating), ("pending_payment", .pendingPayment), ("active", .active),
            ("stopping", .stopping), ("stopped", .stopped), ("starting", .starting), ("resetting", .resetting),
            ("error", .error), ("deleting", .deleting),
        ]

        public init(wire: String) {
            self = Self.known.first { $0.word == wire.lowercased() }?.status ?? .unknown(wire)
        }

        /// The API's word.
        public var wire: String {
            if case .unknown(let word) = self { return word }
            return Self.known.first { $0.status == self }?.word ?? "unknown"
        }
    }
}

/// Something that an object refers to by id.
public struct Reference: Sendable, Hashable, Decodable {
    public var id: String
    public var name: String?

    public init(id: String, name: String? = nil) {
        self.id = id
        self.name = name
    }

    public init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        id = try fields.required("id")
        name = fields.text("name")
    }
}
