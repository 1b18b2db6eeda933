/// A snapshot to be taken of an instance (Instances page, "Snapshot an Instance").
struct CreateSnapshotRequest: CheckedBody {
    var name: String
    /// Makes a second copy in another region. Not on the page but in the API's 2025 specification.
    var replicatedRegion: String?

    enum CodingKeys: String, CodingKey {
        case name
        case replicatedRegion = "replicated_region"
    }

    func check() throws {
        try RequestRules.required(name, "name")
        try RequestRules.optional(replicatedRegion, "replicated_region")
    }
}

struct CloneSnapshotRequest: CheckedBody {
    var name: String
    var region: String

    func check() throws {
        try RequestRules.required(name, "name")
        try RequestRules.required(region, "region")
    }
}

/// A disk image to be fetched by the cloud and kept as a snapshot (the API's 2025 specification).
public struct ImportSnapshotRequest: Sendable, Hashable, CheckedBody {
    public var name: String
    /// Of the uncompressed disk, in GiB; at least 1.
    public var sizeGiB: Int
    /// Where a raw image lies, plain or packed with zstd.
    public var url: String
    public var region: String
    public var osType: OSType?

    public init(name: String, sizeGiB: Int, url: String, region: String, osType: OSType? = nil) {
        self.name = name
        self.sizeGiB = sizeGiB
        self.url = url
        self.region = region
        self.osType = osType
    }

    private enum CodingKeys: String, CodingKey {
        case name, url, region
        case sizeGiB = "size"
        case osType = "os_type"
    }

    public func check() throws {
        try RequestRules.required(name, "name")
        try RequestRules.required(url, "url")
        try RequestRules.required(region, "region")
        try RequestRules.atLeast(1, sizeGiB, "size")
    }
}

/// A body that gives something a new name.
struct RenameRequest: CheckedBody {
    var name: String

    func check() throws { try RequestRules.required(name, "name") }
}

struct CreateSSHKeyRequest: CheckedBody {
    var name: String
    var value: String

    func check() throws {
        try RequestRules.required(name, "name")
        try RequestRules.required(value, "value")
        guard !value.contains("PRIVATE KEY") else {
            throw RequestRules.refuse("value", "is a private key; give the public one (the file that ends in .pub)")
        }
    }
}

struct ActionRequest: CheckedBody {
    var action: Instance.Action

    func check() throws { try RequestRules.required(action.wire, "action") }
}
