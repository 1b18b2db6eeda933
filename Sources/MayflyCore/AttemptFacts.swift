/// What an ``AttemptState`` consists of.
public struct AttemptFacts: Codable, Hashable, Sendable {
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

    init(identity: AttemptIdentity, number: Int, expiry: WallTime, now: Moment, bootID: String) {
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
}
