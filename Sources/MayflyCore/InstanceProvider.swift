/// What the orchestrator needs of a cloud. Implemented over the real API, over the local cloud's (the same API), and by fakes.
public protocol InstanceProvider: Sendable {
    /// For how long after a create answers may still lack the instance.
    var listingLag: Duration { get }

    /// How long a create whose answer was lost is looked for before it counts as never made. Never less than
    /// ``listingLag``: waiting costs a moment in a rare case, giving up too early makes a second instance.
    var settlementLag: Duration { get }

    /// How often waiting may ask; the adapter paces it for its cloud.
    var pollInterval: Duration { get }

    /// The anchor's id as far as it is known without asking the cloud.
    func knownAnchor() async -> String?

    /// Makes sure the installation's anchor key is registered, and returns its id.
    /// - Throws: ``ProviderError``.
    func ensureAnchor() async throws -> String

    /// Whether an anchor was ever put on record for this cloud. A create is only sent after that.
    /// - Throws: ``ProviderError``.
    func hasAnchor() async throws -> Bool

    /// Creates an instance. Never repeated: a lost answer is settled by ``instances(withHostname:)``.
    /// - Throws: ``ProviderError``; `outcomeUnknown` when an instance may exist all the same.
    func create(_ order: InstanceOrder) async throws -> ObservedInstance

    /// The instance, or `nil` when the cloud answers 404.
    /// - Throws: ``ProviderError``.
    func instance(_ id: InstanceID) async throws -> ObservedInstance?

    /// All instances of a complete paged listing whose hostname begins with `prefix`.
    /// - Throws: ``ProviderError``.
    func instances(hostnamePrefix prefix: String) async throws -> [ObservedInstance]

    /// Asks for destruction. A 404 is success.
    /// - Throws: ``ProviderError``.
    @discardableResult
    func destroy(_ id: InstanceID) async throws -> DestroyAnswer

    /// Whether the instance is provably gone: GET says 404, the complete listing lacks it, and the anchor is seen, all of it
    /// asked with one token. A wrong account, endpoint or wiped cloud also answers 404 and an empty list.
    /// - Parameter anchor: the attempt's own; `nil` = the one on record for this cloud.
    /// - Throws: ``ProviderError``.
    func absence(of id: InstanceID, anchor: String?) async throws -> Absence

    /// Whether the token still sees the anchor, so that an empty answer means something.
    /// - Parameter anchor: the attempt's own; `nil` = the one on record for this cloud.
    /// - Throws: ``ProviderError``.
    func sees(anchor: String?) async throws -> Bool

    /// The instances of one hostname in a complete listing, and whether the very token that listed them sees the anchor.
    /// - Parameter anchor: `nil` = the one on record for this cloud.
    /// - Throws: ``ProviderError``.
    func witnessedInstances(hostname: String, anchor: String?) async throws -> WitnessedListing

    /// The snapshots of an instance.
    /// - Throws: ``ProviderError``.
    func snapshots(of id: InstanceID) async throws -> [ObservedSnapshot]

    /// Starts a snapshot. Never repeated; a lost answer is settled by ``snapshots(of:)`` and the name.
    /// - Throws: ``ProviderError``.
    func createSnapshot(of id: InstanceID, name: String) async throws -> ObservedSnapshot

    /// Asks for a snapshot's deletion. A 404 is success. Only ever called for one that the cloud itself calls failed.
    /// - Throws: ``ProviderError``.
    func deleteSnapshot(_ id: SnapshotID) async throws
}

/// A complete listing and the worth of what it lacks.
public struct WitnessedListing: Sendable, Hashable {
    public var instances: [ObservedInstance]
    /// Whether the anchor was seen; not asked, and `false`, where there are instances, which need no witness.
    public var isWitnessed: Bool

    public init(instances: [ObservedInstance], isWitnessed: Bool) {
        self.instances = instances
        self.isWitnessed = isWitnessed
    }
}

/// Everything a create request carries.
public struct InstanceOrder: Sendable {
    public var name: String
    public var hostname: String
    public var machine: MachineRequest
    /// The anchor's id.
    public var sshKey: String
    public var firstBoot: FirstBootDocument

    public init(
        name: String, hostname: String, machine: MachineRequest, sshKey: String,
        firstBoot: FirstBootDocument
    ) {
        self.name = name
        self.hostname = hostname
        self.machine = machine
        self.sshKey = sshKey
        self.firstBoot = firstBoot
    }
}

/// The `metadata` of the create request, in one of the two forms the API takes.
public enum FirstBootDocument: Sendable, Hashable {
    case startupScript(String)
    case userData([Part])

    public struct Part: Sendable, Hashable {
        public var type: String
        public var filename: String
        public var content: String

        public init(type: String, filename: String, content: String) {
            self.type = type
            self.filename = filename
            self.content = content
        }
    }
}

/// An instance as the cloud shows it.
public struct ObservedInstance: Sendable, Hashable, Codable {
    public enum Status: Sendable, Hashable, Codable {
        case creating, active, stopping, stopped, deleting, error
        case other(String)
    }

    public var id: InstanceID
    public var name: String
    public var hostname: String
    public var status: Status
    public var address: String?
    /// Reached only from inside the cloud's network: by way of a jump host.
    public var privateAddress: String?
    public var sshPort: Int?
    public var type: String
    public var region: String
    /// The `Date` header of the answer that shows it: the cloud's own clock, to the second.
    public var answeredAt: WallTime?

    public init(
        id: InstanceID, name: String, hostname: String, status: Status, address: String?,
        privateAddress: String? = nil, sshPort: Int?, type: String, region: String, answeredAt: WallTime? = nil
    ) {
        self.id = id
        self.name = name
        self.hostname = hostname
        self.status = status
        self.address = address
        self.privateAddress = privateAddress
        self.sshPort = sshPort
        self.type = type
        self.region = region
        self.answeredAt = answeredAt
    }
}

public struct ObservedSnapshot: Sendable, Hashable, Codable {
    public enum Status: Sendable, Hashable, Codable {
        case creating, created, error
        case other(String)
    }

    public var id: SnapshotID
    public var name: String
    public var status: Status

    public init(id: SnapshotID, name: String, status: Status) {
        self.id = id
        self.name = name
        self.status = status
    }
}

extension Reason {
    /// A create was refused, and the cloud does not show the key that it named: nothing was made.
    public static let anchorRefusedCode = "anchor-refused"

    /// Neither the instance nor the anchor is seen.
    public static let anchorMissing = Reason(
        code: "anchor-missing",
        message:
            "the cloud shows neither the instance nor this installation's anchor key: wrong account or endpoint, or a "
            + "wiped cloud. This proves nothing, so Mayfly keeps asking; give it the right token (`mayfly login`, "
            + "`mayfly attach`), or end the job with `mayfly cancel JOB --forget`, which records a possible leak")
}

/// What can be said of an instance's absence.
public enum Absence: Sendable, Hashable {
    case gone
    case stillThere(status: String)
    /// The evidence is worthless: the anchor is not seen, so this is the wrong account, endpoint, or a wiped cloud.
    case cannotTell(Reason)
}

/// Why a cloud operation failed, in the terms decisions are made in.
public struct ProviderError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// The request was wrong; repeating it is pointless. The user's fault.
        case refused
        /// Token missing, wrong or not allowed.
        case unauthorized
        /// Quota, payment: the account's fault.
        case account
        /// Nothing of this type is free.
        case capacity
        /// The cloud's own fault, nothing was done.
        case cloud
        /// Nothing was sent, or a read failed: safe to try again.
        case unreachable
        /// The request may have taken effect.
        case outcomeUnknown
    }

    public var kind: Kind
    public var reason: Reason

    public init(kind: Kind, reason: Reason) {
        self.kind = kind
        self.reason = reason
    }

    public var description: String { reason.message }
}

extension ObservedInstance.Status {
    /// The API's own word.
    public var word: String {
        switch self {
        case .creating: "creating"
        case .active: "active"
        case .stopping: "stopping"
        case .stopped: "stopped"
        case .deleting: "deleting"
        case .error: "error"
        case .other(let word): word
        }
    }
}
