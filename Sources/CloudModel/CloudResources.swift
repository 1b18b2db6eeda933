/// A snapshot of the model.
public struct CloudSnapshot: CloudResource, Hashable {
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
    /// The snapshot it is a copy of; absent in states of earlier builds.
    public internal(set) var sourceSnapshot: String?

    /// Whether the backend has copied, or removed, it.
    public var isDone: Bool { isSettled }
}

/// A registered public key. What the value says is worked out by whoever can decode it (`KeyFacts`).
public struct CloudSSHKey: CloudResource, Hashable {
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

/// The life of everything that is not an instance: it is made, it is there, it goes.
public enum CloudResourceStatus: String, Codable, Sendable { case creating, created, deleting, error }

/// A block volume: data that outlives instances.
public struct CloudVolume: CloudResource, Hashable {
    public let id: String
    public internal(set) var name: String
    public internal(set) var description: String
    /// `hdd` or `ssd`.
    public let type: String
    /// GiB.
    public internal(set) var size: Int
    public let region: String
    public internal(set) var status: CloudResourceStatus
    /// The instance it is attached to.
    public internal(set) var instance: String?
    public let createdAt: Int64
    public internal(set) var updatedAt: Int64
    var due: Int64
    var isSettled: Bool

    /// Whether the backend has made, or removed, it.
    public var isDone: Bool { isSettled }
}

/// A shared file system. The model only: nothing serves NFS here, so it has no mount endpoint.
public struct CloudFilesystem: CloudResource, Hashable {
    public let id: String
    public internal(set) var name: String
    public internal(set) var description: String
    public let type: String
    /// GiB.
    public internal(set) var size: Int
    public let region: String
    public internal(set) var status: CloudResourceStatus
    public let createdAt: Int64
    public internal(set) var updatedAt: Int64
    var due: Int64
}

/// A security group. Rules are kept and checked, not enforced.
public struct CloudSecurityGroup: CloudResource, Hashable {
    public struct Rule: Codable, Hashable, Sendable {
        public let networkProtocol: String
        public let direction: String
        public let portRangeMin: Int?
        public let portRangeMax: Int?
    }

    public let id: String
    public internal(set) var name: String
    public internal(set) var description: String
    public let region: String
    /// One of the two every account has; it cannot be changed.
    public let isInternal: Bool
    public internal(set) var rules: [Rule]
    public internal(set) var status: CloudResourceStatus
    public let createdAt: Int64
    public internal(set) var updatedAt: Int64
    var due: Int64
}

/// A floating IP: an address that outlives instances. It is attached when an instance is created, and free again when that
/// is gone.
public struct CloudFloatingIP: CloudResource, Hashable {
    public let id: String
    public internal(set) var name: String
    public internal(set) var description: String
    public let address: String
    public let region: String
    public internal(set) var status: CloudResourceStatus
    public internal(set) var instance: String?
    public let createdAt: Int64
    public internal(set) var updatedAt: Int64
    var due: Int64
}
