/// Where an attempt stands. Each case carries exactly what is valid in it; the phase that is stored is also the
/// intent: whoever restores it settles that phase's effect before going on.
public enum AttemptPhase: Hashable, Sendable {
    /// Waits for a slot, a token or secrets.
    case queued
    /// The create request is about to be sent, or was, and its answer is not known.
    case creating
    case booting(InstanceID)
    case connecting(ReachableInstance)
    case preparing(ReachableInstance, PreparingStep)
    case running(ReachableInstance, StopCause?)
    case collecting(ReachableInstance)
    /// The attempt is over, and its instance stays for a while: see ``AttemptState/hold``.
    case holding(ReachableInstance)
    case snapshotting(ReachableInstance)
    /// Destruction is asked for until the cloud accepts it.
    case destroying(InstanceID)
    /// Absence is proved, however long it takes.
    case verifying(InstanceID)
    case done

    /// The stable word for people, receipts and NDJSON.
    public var word: String {
        switch self {
        case .queued: "queued"
        case .creating: "creating"
        case .booting: "booting"
        case .connecting: "connecting"
        case .preparing: "preparing"
        case .running: "running"
        case .collecting: "collecting"
        case .holding: "holding"
        case .snapshotting: "snapshotting"
        case .destroying: "destroying"
        case .verifying: "verifying"
        case .done: "done"
        }
    }

    /// The instance, while it can be reached.
    public var reachableInstance: ReachableInstance? {
        switch self {
        case .queued, .creating, .booting, .destroying, .verifying, .done: nil
        case .connecting(let instance), .preparing(let instance, _), .running(let instance, _),
            .collecting(let instance), .holding(let instance), .snapshotting(let instance):
            instance
        }
    }

    /// The instance this phase knows of.
    public var instanceID: InstanceID? {
        switch self {
        case .booting(let id), .destroying(let id), .verifying(let id): id
        case .queued, .creating, .done, .connecting, .preparing, .running, .collecting, .holding,
            .snapshotting:
            reachableInstance?.id
        }
    }
}

/// An instance with an address.
public struct ReachableInstance: Hashable, Sendable {
    public var id: InstanceID
    public var address: String
    public var sshPort: Int

    public init(id: InstanceID, address: String, sshPort: Int) {
        self.id = id
        self.address = address
        self.sshPort = sshPort
    }
}

public enum PreparingStep: String, Codable, Hashable, Sendable {
    case startup, upload, setup
}

/// Why a running command was told to stop.
public enum StopCause: Hashable, Sendable {
    case cancelled
    case clock(JobClock)
}
