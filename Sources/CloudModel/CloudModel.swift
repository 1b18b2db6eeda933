/// Every rule and transition of the compute API as a value: no clock, no ids, no machines of its own.
///
/// A request changes the model at once, or is refused and changes nothing. What takes time is a transient status that
/// ends when its delay has passed *and* the backend has said `settle` (booted, stopped, removed, copied);
/// ``advance(to:)`` ends it. Times are milliseconds since 1970 and come from outside.
public struct CloudModel: Sendable {
    /// How long each transient status lasts at least, in milliseconds.
    public struct Delays: Codable, Hashable, Sendable {
        public var create: Int64
        public var start: Int64
        public var stop: Int64
        public var delete: Int64
        public var snapshot: Int64
        /// Of volumes, file systems, security groups and floating IPs.
        public var resource: Int64

        public init(
            create: Int64 = 0, start: Int64 = 0, stop: Int64 = 0, delete: Int64 = 0, snapshot: Int64 = 0,
            resource: Int64 = 0
        ) {
            self.create = create
            self.start = start
            self.stop = stop
            self.delete = delete
            self.snapshot = snapshot
            self.resource = resource
        }
    }

    public var delays: Delays
    public var limits = CloudLimits()
    /// Newest last. Listings show it in this order.
    public internal(set) var instances = CloudTable<CloudInstance>()
    public internal(set) var snapshots = CloudTable<CloudSnapshot>()
    public internal(set) var sshKeys = CloudTable<CloudSSHKey>()
    public internal(set) var volumes = CloudTable<CloudVolume>()
    public internal(set) var filesystems = CloudTable<CloudFilesystem>()
    public internal(set) var securityGroups = CloudTable<CloudSecurityGroup>()
    public internal(set) var floatingIPs = CloudTable<CloudFloatingIP>()
    var ghosts = CloudTable<CloudGhost>()
    /// Instances that listings do not show yet, and until when.
    var hidden: [String: Int64] = [:]
    var timers = CloudTimers()

    public init(delays: Delays = Delays()) {
        self.delays = delays
        addInternalGroups()
    }

    /// The security groups every account has.
    public static let internalGroups = [
        CloudReference(id: "00000000-0000-4000-8000-000000000101", name: "standard"),
        CloudReference(id: "00000000-0000-4000-8000-000000000102", name: "default"),
    ]

    /// - Throws: 404.
    public func instance(_ id: String) throws(CloudRefusal) -> CloudInstance {
        guard let found = instances[id] else { throw .notFound("Instance", id) }
        return found
    }

    /// - Throws: 404.
    public func snapshot(_ id: String) throws(CloudRefusal) -> CloudSnapshot {
        guard let found = snapshots[id] else { throw .notFound("Snapshot", id) }
        return found
    }

    /// - Throws: 404.
    public func sshKey(_ id: String) throws(CloudRefusal) -> CloudSSHKey {
        guard let found = sshKeys[id] else { throw .notFound("SSH key", id) }
        return found
    }

    /// - Throws: 404.
    public func volume(_ id: String) throws(CloudRefusal) -> CloudVolume {
        guard let found = volumes[id] else { throw .notFound("Volume", id) }
        return found
    }

    /// - Throws: 404.
    public func filesystem(_ id: String) throws(CloudRefusal) -> CloudFilesystem {
        guard let found = filesystems[id] else { throw .notFound("Filesystem", id) }
        return found
    }

    /// - Throws: 404.
    public func securityGroup(_ id: String) throws(CloudRefusal) -> CloudSecurityGroup {
        guard let found = securityGroups[id] else { throw .notFound("Security group", id) }
        return found
    }

    /// - Throws: 404.
    public func floatingIP(_ id: String) throws(CloudRefusal) -> CloudFloatingIP {
        guard let found = floatingIPs[id] else { throw .notFound("Floating IP", id) }
        return found
    }

    // MARK: Words that many rules check

    static func name(_ text: String?) throws(CloudRefusal) -> String {
        guard let text, !text.isEmpty else { throw .invalid("name is required") }
        guard text.unicodeScalars.count <= 255 else { throw .invalid("name must not be longer than 255 characters") }
        return text
    }

    static func description(_ text: String?) throws(CloudRefusal) -> String {
        guard (text ?? "").unicodeScalars.count <= 1000 else {
            throw .invalid("description must not be longer than 1000 characters")
        }
        return text ?? ""
    }

    static func region(_ text: String?) throws(CloudRefusal) -> String {
        guard let text, !text.isEmpty else { throw .invalid("region is required") }
        try CloudCatalogue.checkRegion(text)
        return text
    }

    /// GiB; large enough for anybody, small enough to be added up.
    static let sizes = 1...(1 << 20)

    static func size(_ size: Int?) throws(CloudRefusal) -> Int {
        guard let size else { throw .invalid("size is required") }
        guard sizes.contains(size) else { throw .invalid("size must be from 1 to \(sizes.upperBound) GiB") }
        return size
    }
}

/// What the account may have.
public struct CloudLimits: Codable, Hashable, Sendable {
    public var instances = 100_000
    public var vcpus = 10_000_000
    /// GiB over all volumes.
    public var volumeSize = 10_000_000
    public var filesystemSize = 10_000_000
    public var snapshots = 100_000
    public var floatingIPs = 10_000
    public var securityGroups = 10_000

    public init() {}
}
