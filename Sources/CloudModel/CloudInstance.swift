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
public struct CloudInstance: Codable, Hashable, Sendable {
    /// The documented statuses (Instances page, "Instance Schema").
    public enum Status: String, Codable, Sendable {
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
    /// `nil` until the machine has them; they are assigned after creation.
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
    /// When the current transient status may end at the earliest.
    var due: Int64
    /// Whether what the status waits for has happened.
    var isSettled: Bool

    /// What can be asked of the instance now (Instances page, "Get Instance actions").
    public var allowedActions: [Action] {
        switch status {
        case .active: [.reset, .stop]
        case .stopped: [.start]
        case .error: [.stop]
        case .creating, .pendingPayment, .stopping, .starting, .resetting, .deleting: []
        }
    }

    public enum Action: String, Codable, Sendable { case start, stop, reset }
}

/// A snapshot of the model.
public struct CloudSnapshot: Codable, Hashable, Sendable {
    public enum Status: String, Codable, Sendable { case creating, created, deleting, error }

    public let id: String
    public internal(set) var name: String
    public let region: String
    /// GiB.
    public let size: Int
    /// The snapshotted instance, which may be gone.
    public let resourceID: String
    public internal(set) var status: Status
    /// Milliseconds since 1970.
    public let createdAt: Int64
    public internal(set) var updatedAt: Int64
    var due: Int64
    var isSettled: Bool
}

/// A registered public key. What the value says is worked out by whoever can decode it (`KeyFacts`).
public struct CloudSSHKey: Codable, Hashable, Sendable {
    /// What an OpenSSH public key line holds.
    public struct KeyFacts: Codable, Hashable, Sendable {
        /// `rsa`, `ed25519`, ...
        public let type: String
        /// Bits.
        public let size: Int
        /// MD5, colon-separated hexadecimal.
        public let fingerprint: String

        public init(type: String, size: Int, fingerprint: String) {
            self.type = type
            self.size = size
            self.fingerprint = fingerprint
        }
    }

    public let id: String
    public internal(set) var name: String
    public let value: String
    public let facts: KeyFacts
    /// Milliseconds since 1970.
    public let createdAt: Int64
    public internal(set) var updatedAt: Int64
}

/// One page of a listing, as the API cuts it.
public struct CloudPage<Item: Sendable>: Sendable {
    public let items: [Item]
    public let totalCount: Int
    /// From 1.
    public let page: Int
    public let perPage: Int
}
