/// All that is known of one attempt: stored after every step, in the same transaction as the next intent.
public struct AttemptState: Codable, Hashable, Sendable {
    /// The version of this record's encoding. A newer Mayfly reads every older one.
    public static let currentVersion = 1

    public var version = AttemptState.currentVersion
    public var identity: AttemptIdentity
    public var number: Int
    /// Fixed before the create request: created + all clocks + hold.
    public var expiry: WallTime
    public var phase: AttemptPhase
    /// Set once.
    public var outcome: Outcome?
    public var reason: Reason?
    /// By which class of failure it may be tried again. `nil` = by none, as in older records.
    public var retryCause: RetryCause?
    /// The command's own exit code, when it ran to its end, whatever the outcome says.
    public var exitCode: Int32?
    public var delivery: Delivery
    public var teardown: Teardown
    /// A cancel that arrived before it could act (while a create's answer is awaited).
    public var cancelRequested: Bool
    public var commandStarted: Bool
    public var objects: [CreatedObject]
    public var spans: [PhaseSpan]
    public var instance: InstanceSummary?
    /// What a user should know although the job did not fail for it: skipped outputs, a failed snapshot.
    public var warnings: [String]
    /// What the command's logs are held against. `nil` before its end, without a seal, and in older records.
    public var sealedLogs: SealedLogs?
    /// Whether results are on the instance that could not be fetched. `nil` = no, as in older records.
    public var leavesResults: Bool?
    /// The id of the key that the create request was sent with, and that alone bears witness for this attempt's instance:
    /// on record before the request. Empty while nothing was sent; `nil` in older records, which do not say.
    public var anchor: String?
    /// Whether the command's logs are here, as they were sealed. `nil` = not known, as in older records.
    public var logsAreWhole: Bool?
    /// How long the instance stays although the attempt is over; set once it is held.
    public var hold: Hold?
    /// Until when its command may run, once a person extended that; `nil` = as long as the spec says.
    public var runsUntil: WallTime?
    /// The last such wish that its instance did not grant.
    public var refusedRunEnd: WallTime?
    /// What probably made it fail, from what its instance told before it went. `nil` without signs, and in older records.
    public var verdict: String?
    /// Whether its instance told that a GPU has clearly failed. `nil` = not, or not asked, as in older records.
    public var gpuFault: Bool?
    /// What the current phase waits for, in words.
    public var waitingFor: String?
    /// The boot that the spans' boot instants belong to.
    public var bootID: String

    public init(identity: AttemptIdentity, number: Int, expiry: WallTime, now: Moment, bootID: String) {
        self.identity = identity
        self.number = number
        self.expiry = expiry
        self.phase = .queued
        self.delivery = .none
        self.teardown = .clean
        self.cancelRequested = false
        self.commandStarted = false
        self.objects = []
        self.spans = [PhaseSpan(phase: "queued", began: now)]
        self.warnings = []
        self.bootID = bootID
    }

    public var isDone: Bool { phase == .done }

    /// When it last entered a phase, by the phase's word; `nil` when it never did.
    public func began(_ phase: String) -> Moment? { spans.last { $0.phase == phase }?.began }

    /// The key without which an absence of this attempt's instance proves nothing; `nil` = the one the cloud has on record.
    public var witness: String? { anchor.flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether the attempt is over, but its instance may yet turn up: a lost create that was given up, or a person's
    /// word in place of a proof. Watched for until the identity's expiry.
    public func mayStillArrive(at now: WallTime) -> Bool {
        isDone && expiry > now
            && objects.contains { object in
                guard object.kind == .instance else { return false }
                switch object.state {
                case .unsettled, .existing, .destroyAccepted: return true
                case .intended, .gone, .kept, .refused: return false
                }
            }
    }

    /// When the cloud had answered the create request: the phase after `creating` began then.
    public var createdAt: Moment? {
        guard let index = spans.firstIndex(where: { $0.phase == "creating" }), index + 1 < spans.count else {
            return nil
        }
        return spans[index + 1].began
    }
}

/// How long one phase took. Elapsed time is measured on the boot clock, so a wall-clock jump changes nothing.
public struct PhaseSpan: Codable, Hashable, Sendable {
    public var phase: String
    public var began: Moment
    /// Milliseconds; `nil` while the phase lasts.
    public var elapsed: Int64?

    public init(phase: String, began: Moment, elapsed: Int64? = nil) {
        self.phase = phase
        self.began = began
        self.elapsed = elapsed
    }
}

public struct InstanceSummary: Codable, Hashable, Sendable {
    public var id: InstanceID
    public var name: String
    public var type: String
    public var region: String
    public var address: String?

    public init(id: InstanceID, name: String, type: String, region: String, address: String? = nil) {
        self.id = id
        self.name = name
        self.type = type
        self.region = region
        self.address = address
    }
}

/// One thing this attempt made in the cloud, from the intent to the proof that it is gone.
public struct CreatedObject: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Sendable { case instance, snapshot }

    public enum State: String, Codable, Sendable {
        /// Asked for; the cloud may or may not have it.
        case intended
        case existing
        case destroyAccepted = "destroy_accepted"
        case gone
        /// A snapshot the user asked for: never cleaned up.
        case kept
        /// The create's answer was lost and listings show nothing: watched until its expiry.
        case unsettled
        /// The cloud refused to create it: it never existed.
        case refused
    }

    public var kind: Kind
    /// Hostname of an instance, name of a snapshot: by this it can be found.
    public var name: String
    public var cloudID: String?
    public var state: State
    public var intendedAt: WallTime
    public var destroyAcceptedAt: WallTime?
    public var goneAt: WallTime?
    /// By the cloud's clock; `nil` where it told none, and in older records.
    public var createdWithin: CloudTimeBounds?
    /// When its destruction was accepted, by the cloud's clock.
    public var destroyedWithin: CloudTimeBounds?

    public init(
        kind: Kind, name: String, cloudID: String? = nil, state: State = .intended, intendedAt: WallTime
    ) {
        self.kind = kind
        self.name = name
        self.cloudID = cloudID
        self.state = state
        self.intendedAt = intendedAt
    }
}
