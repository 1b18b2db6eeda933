/// A reference to another resource, as instances carry it.
public struct CloudReference: Codable, Hashable, Sendable {
    public let id: String
    public let name: String

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// An instance of the model: every documented field, and what drives its transitions.
public struct CloudInstance: CloudResource, Hashable {
    /// The documented statuses (Instances page, "Instance Schema").
    public enum Status: String, Codable, Sendable, CaseIterable {
        case creating
        case pendingPayment = "pending_payment"
        case active, stopping, stopped, starting, resetting, error, deleting

        /// Whether the status will change by itself.
        public var isTransient: Bool {
            switch self {
            case .creating, .stopping, .starting, .resetting, .deleting: true
            case .pendingPayment, .active, .stopped, .error: false
            }
        }
    }

    public enum Action: String, Codable, Sendable, CaseIterable { case start, stop, reset }

    public let id: String
    public internal(set) var name: String
    public let hostname: String
    public let type: String
    public let region: String
    public let placementOption: String
    public let image: CloudReference
    public let sshKeys: [CloudReference]
    public internal(set) var securityGroups: [CloudReference]
    public internal(set) var isProtected: Bool
    public let destroyOnShutdown: Bool
    public internal(set) var status: Status
    /// `nil` until the machine has them; they are assigned after creation, and given back when it stops.
    public internal(set) var privateIP: String?
    public internal(set) var publicIP: String?
    /// Where its SSH server listens: this cloud's extension of the API, 22 wherever possible.
    public internal(set) var sshPort: Int?
    /// GiB.
    public internal(set) var diskSize: Int
    /// Milliseconds since 1970.
    public let createdAt: Int64
    public internal(set) var updatedAt: Int64

    /// The snapshot it was created from.
    public let sourceSnapshot: String?
    /// When the current transient status may end at the earliest; `Int64.max` for never.
    var due: Int64
    /// Whether what the status waits for has happened.
    var isSettled: Bool

    // Absent in states of earlier builds, hence optional.
    var attachedVolumes: [String]?
    /// The id of its floating IP, for life.
    public internal(set) var floatingIP: String?
    /// The legacy `public_ip_type`; `static` keeps the address over stop and start.
    public internal(set) var publicIPType: String?
    /// What a fault script has in store for it.
    public internal(set) var quirks: InstanceQuirks?
    /// When the current status was entered, in milliseconds since 1970.
    var since: Int64?
    /// When it turns to `error` by script.
    var failsAt: Int64?

    /// The ids of its volumes, in the order of their attachment.
    public internal(set) var volumes: [String] {
        get { attachedVolumes ?? [] }
        set { attachedVolumes = newValue.isEmpty ? nil : newValue }
    }

    /// Whether the backend has done what the status waits for.
    public var isDone: Bool { isSettled }

    /// Whether stop and start leave its public address alone.
    public var keepsAddress: Bool { floatingIP != nil || publicIPType == "static" }

    /// What can be asked of the instance now (Instances page, "Get Instance actions").
    public var allowedActions: [Action] {
        switch status {
        case .active: [.reset, .stop]
        case .stopped: [.start]
        case .error: [.stop]
        case .creating, .pendingPayment, .stopping, .starting, .resetting, .deleting: []
        }
    }
}

/// An instance as a client sees it at one moment: names resolved, scripted faults applied.
public struct CloudInstanceView: Sendable {
    public let instance: CloudInstance
    public let floatingIP: CloudReference?
    public let securityGroups: [CloudReference]
    public let volumes: [CloudReference]
    /// Usually the documented status; a fault script can show any word.
    public let status: String
    public let privateIP: String?
    public let publicIP: String?
    public let sshPort: Int?
}

/// A destroyed instance that listings still show for a while: a scripted fault.
struct CloudGhost: CloudResource {
    let instance: CloudInstance
    let until: Int64
    var id: String { instance.id }
}
