/// One route of the API, and what may be done when its answer is lost.
public struct APIOperation: Sendable, Hashable, CustomStringConvertible {
    /// What sending a request twice would do.
    public enum Effect: String, Sendable, CaseIterable {
        /// Changes nothing. Repeated after 429, 5xx and connection errors.
        case read
        /// The second time changes nothing more. Repeated like a read.
        case idempotent
        /// Sent once, always: a repetition could make a second machine, snapshot or key. When the answer is lost, the
        /// error says that the outcome is unknown.
        case unsafe
    }

    /// The method of the client, for example `createInstance`. A closed set, so usable as a metric's label.
    public let name: String
    public let method: String
    /// Relative to `/compute/v1`, with `{id}` where an id goes.
    public let path: String
    public let effect: Effect
    /// In which order requests get their turn when the rate limit makes them wait.
    public let priority: RequestPriority

    public var description: String { "\(name) (\(method) \(path), \(effect.rawValue))" }

    private init(_ name: String, _ method: String, _ path: String, _ effect: Effect, _ priority: RequestPriority) {
        self.name = name
        self.method = method
        self.path = path
        self.effect = effect
        self.priority = priority
    }

    private static func read(_ name: String, _ path: String) -> APIOperation {
        APIOperation(name, "GET", path, .read, .read)
    }
    private static func create(_ name: String, _ path: String) -> APIOperation {
        APIOperation(name, "POST", path, .unsafe, .create)
    }
    /// Sets values, wherefore the second time sets the same.
    private static func update(_ name: String, _ path: String) -> APIOperation {
        APIOperation(name, "PATCH", path, .idempotent, .create)
    }
    private static func destroy(_ name: String, _ path: String) -> APIOperation {
        APIOperation(name, "DELETE", path, .idempotent, .destroy)
    }
}

/// The order of requests that wait for the rate limit.
public enum RequestPriority: Int, Sendable, Hashable, Comparable, CaseIterable {
    case read, create
    /// Before all others: what is destroyed late costs money.
    case destroy

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

extension APIOperation {
    public static let listInstances = read("listInstances", "/instances")
    public static let getInstance = read("getInstance", "/instances/{id}")
    public static let createInstance = create("createInstance", "/instances")
    public static let updateInstance = update("updateInstance", "/instances/{id}")
    public static let destroyInstance = destroy("destroyInstance", "/instances/{id}")
    public static let listInstanceActions = read("listInstanceActions", "/instances/{id}/actions")
    /// Unsafe: a second reset would interrupt what the first one started.
    public static let performInstanceAction = create("performInstanceAction", "/instances/{id}/actions")
    public static let listInstanceSnapshots = read("listInstanceSnapshots", "/instances/{id}/snapshots")
    public static let createSnapshot = create("createSnapshot", "/instances/{id}/snapshots")
    public static let getUserMetadata = read("getUserMetadata", "/instances/{id}/user-metadata")

    public static let listSnapshots = read("listSnapshots", "/snapshots")
    public static let getSnapshot = read("getSnapshot", "/snapshots/{id}")
    public static let importSnapshot = create("importSnapshot", "/snapshots")
    public static let cloneSnapshot = create("cloneSnapshot", "/snapshots/{id}/clone")
    public static let renameSnapshot = update("renameSnapshot", "/snapshots/{id}")
    public static let deleteSnapshot = destroy("deleteSnapshot", "/snapshots/{id}")

    public static let listImages = read("listImages", "/images")

    public static let listSSHKeys = read("listSSHKeys", "/ssh-keys")
    public static let getSSHKey = read("getSSHKey", "/ssh-keys/{id}")
    public static let createSSHKey = create("createSSHKey", "/ssh-keys")
    public static let renameSSHKey = update("renameSSHKey", "/ssh-keys/{id}")
    public static let deleteSSHKey = destroy("deleteSSHKey", "/ssh-keys/{id}")

    public static let listVolumes = read("listVolumes", "/volumes")
    public static let getVolume = read("getVolume", "/volumes/{id}")
    public static let createVolume = create("createVolume", "/volumes")
    public static let updateVolume = update("updateVolume", "/volumes/{id}")
    public static let deleteVolume = destroy("deleteVolume", "/volumes/{id}")

    public static let listFilesystems = read("listFilesystems", "/filesystems")
    public static let getFilesystem = read("getFilesystem", "/filesystems/{id}")
    public static let createFilesystem = create("createFilesystem", "/filesystems")
    public static let updateFilesystem = update("updateFilesystem", "/filesystems/{id}")
    public static let deleteFilesystem = destroy("deleteFilesystem", "/filesystems/{id}")

    public static let listSecurityGroups = read("listSecurityGroups", "/security-groups")
    public static let getSecurityGroup = read("getSecurityGroup", "/security-groups/{id}")
    public static let createSecurityGroup = create("createSecurityGroup", "/security-groups")
    public static let updateSecurityGroup = update("updateSecurityGroup", "/security-groups/{id}")
    public static let deleteSecurityGroup = destroy("deleteSecurityGroup", "/security-groups/{id}")

    public static let listFloatingIPs = read("listFloatingIPs", "/floating-ips")
    public static let getFloatingIP = read("getFloatingIP", "/floating-ips/{id}")
    public static let createFloatingIP = create("createFloatingIP", "/floating-ips")
    public static let updateFloatingIP = update("updateFloatingIP", "/floating-ips/{id}")
    public static let deleteFloatingIP = destroy("deleteFloatingIP", "/floating-ips/{id}")

    public static let getAvailability = read("getAvailability", "/availability/{region}/instances")
    public static let listQuotas = read("listQuotas", "/quotas")
    public static let listReservations = read("listReservations", "/reservations")

    /// Every operation of this library.
    public static let all: [APIOperation] = [
        listInstances, getInstance, createInstance, updateInstance, destroyInstance, listInstanceActions,
        performInstanceAction, listInstanceSnapshots, createSnapshot, getUserMetadata,
        listSnapshots, getSnapshot, importSnapshot, cloneSnapshot, renameSnapshot, deleteSnapshot,
        listImages,
        listSSHKeys, getSSHKey, createSSHKey, renameSSHKey, deleteSSHKey,
        listVolumes, getVolume, createVolume, updateVolume, deleteVolume,
        listFilesystems, getFilesystem, createFilesystem, updateFilesystem, deleteFilesystem,
        listSecurityGroups, getSecurityGroup, createSecurityGroup, updateSecurityGroup, deleteSecurityGroup,
        listFloatingIPs, getFloatingIP, createFloatingIP, updateFloatingIP, deleteFloatingIP,
        getAvailability, listQuotas, listReservations,
    ]
}
