/// What happened to an attempt, in the past tense: finished effects, clocks, a person's wish. Indirect, because what waits for
/// one keeps room for it.
public indirect enum AttemptEvent: Sendable {
    /// A slot, a token and the secrets are there.
    case began
    /// The key that the create request is to be sent with, to be on record before; `nil`: none after all, because the cloud
    /// refused a request with it and made nothing.
    case anchored(String?)
    case created(ObservedInstance)
    /// The cloud refused, or was asked nothing: there is no instance.
    case createRefused(ProviderError)
    /// The answer was lost and complete listings show nothing.
    case createUnsettled(Reason)
    case becameReachable(ReachableInstance)
    /// The cloud itself reports a dead end: `error`, `stopped`, a 404.
    case instanceFailed(Reason)
    case connected
    case startupEnded(StageResult)
    case uploaded
    /// The upload or the start of a stage failed for a reason that repeating does not cure.
    case stepFailed(Reason)
    case setupEnded(StageResult)
    case commandStarted
    /// - `sealed`: what the instance says of its logs; `nil` when it left no seal.
    case commandEnded(StageResult, logsComplete: Bool, sealed: SealedLogs? = nil)
    /// - `leavesResults`: whether something is there that did not arrive, as against something that never was there.
    case collected(complete: Bool, warnings: [String], leavesResults: Bool = false)
    /// What could not be fetched before is here: the logs are whole, and the outputs as far as there are any.
    case recovered(exitCode: Int32?, complete: Bool, warnings: [String])
    /// The hold is over.
    case holdEnded
    /// A person wants the instance held until then.
    case holdExtended(to: WallTime)
    /// A person is done with an instance that is held.
    case holdReleased
    /// A person wants the command to be allowed to run until then.
    case runExtensionWished(to: WallTime)
    /// The instance lets it run until then.
    case runExtended(to: WallTime)
    /// The instance does not, for this reason.
    case runNotExtended(to: WallTime, String)
    case snapshotTaken(SnapshotID, name: String)
    case snapshotFailed(Reason)
    case destroyAnswered(DestroyAnswer)
    case verifiedGone
    /// Destruction or its proof does not get on; it is tried again without end.
    case teardownDelayed(Reason)
    case clockExpired(JobClock)
    case cancelRequested
    /// A person says that this instance's end will never be proved: the attempt ends, and says that it may have leaked.
    case forgetRequested
    /// Another connection will not be had: the run's end and the collect clock have passed.
    case connectionGivenUp(Reason)
    /// Says what the current phase waits for.
    case waiting(String?)
    /// What the instance's black box says of the failure.
    /// - `gpuFault`: whether a GPU has clearly failed.
    case diagnosed(String, gpuFault: Bool = false)
    /// What a user should know although the job does not fail for it.
    case warned(String)
}

extension AttemptEvent {
    /// Destruction was accepted, and nothing is known of when.
    public static var destroyAccepted: AttemptEvent { .destroyAnswered(DestroyAnswer()) }
}

/// How a stage on the instance ended, as its supervisor sealed it.
public enum StageResult: Sendable, Hashable {
    /// Ran to its end; 128+n for signal n.
    case exited(Int32)
    /// The supervisor ended it at its limit.
    case timedOut
    /// It was told to stop.
    case stopped
    /// The supervisor died without sealing: nobody can say.
    case unknown
}

/// What the shell does next.
public indirect enum AttemptAction: Sendable, Hashable {
    case none
    /// Start this effect; none is running.
    case start(AttemptEffect)
    /// End the running effect, then start this one. Its late result is dropped.
    case replace(AttemptEffect)
    /// Tell the supervisor to stop the command; the running effect goes on and reports how it ended.
    case stopCommand(StopCause)
    /// Let the command run so long from its start, until that time by the wall clock; the running effect goes on.
    case extendCommand(ReachableInstance, limit: Duration, end: WallTime)
    /// The attempt is done: write the receipt.
    case finish
}

/// One thing the shell does for an attempt. Each is safe to start again after a crash.
public indirect enum AttemptEffect: Sendable, Hashable {
    /// `settle`: the request may already have been sent, so list by hostname and never post again. Without an anchor on
    /// record nothing was sent; then it first ends with one.
    case create(settle: Bool)
    case watch(InstanceID)
    case connect(ReachableInstance)
    case awaitStartup(ReachableInstance)
    case upload(ReachableInstance)
    case setup(ReachableInstance)
    /// Start the command unless its latch says that it was started, and follow it to its end.
    case run(ReachableInstance, stop: StopCause?)
    case collect(ReachableInstance)
    /// Keep it until its hold ends; fetch meanwhile what could not be fetched.
    case hold(ReachableInstance)
    /// A snapshot of this name is adopted, never taken twice. `settle`: the request may already have been sent, so a
    /// listing that lacks it means something only once the cloud's lag has passed.
    case snapshot(ReachableInstance, settle: Bool)
    case destroy(InstanceID)
    case verify(InstanceID)
}

extension AttemptEffect {
    /// The form in which it is started again when it may have begun before.
    public var settling: AttemptEffect {
        switch self {
        case .create: .create(settle: true)
        case .snapshot(let instance, _): .snapshot(instance, settle: true)
        case .watch, .connect, .awaitStartup, .upload, .setup, .run, .collect, .hold, .destroy, .verify: self
        }
    }
}
