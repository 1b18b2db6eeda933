/// Decides what happens next in an attempt. Events in, actions out; no clock, no ids, no I/O.
///
/// No path to `done` skips `destroying → verifying` once an instance may exist, except a person's explicit wish, which
/// is recorded as a possible leak. What a remote peer, a restart or a
/// late effect can cause is answered with `.none`, never a trap.
public struct AttemptMachine: ~Copyable {
    public internal(set) var state: AttemptState
    @Shared private(set) var definition: JobDefinition
    var policy: SnapshotPolicy { definition.snapshot }
    var collectFailure: CollectFailurePolicy { definition.onCollectFailure ?? .snapshot }
    var snapshotName: String { definition.snapshotName(of: state.identity) }
    var rescueName: String { definition.rescueName(of: state.identity) }
    var hasCode: Bool { definition.code != nil }
    var hasSetup: Bool { definition.setup != nil }
    var startupKind: StartupScript.Kind? { definition.startupScript?.kind }

    /// A new attempt, `queued`.
    public init(state: AttemptState, definition: JobDefinition) {
        self.state = state
        self._definition = Shared(wrappedValue: definition)
    }

    /// Continues a stored attempt: the effect to settle its last intent, never to repeat it.
    public func resumption() -> AttemptAction {
        switch state.phase {
        case .queued: .none
        case .creating: .start(.create(settle: true))
        case .booting(let id): .start(.watch(id))
        case .connecting(let instance): .start(.connect(instance))
        case .preparing(let instance, let step): .start(Self.effect(of: step, on: instance))
        case .running(let instance, let stop): .start(.run(instance, stop: stop))
        case .collecting(let instance): .start(.collect(instance))
        case .holding(let instance): .start(.hold(instance))
        case .snapshotting(let instance): .start(.snapshot(instance, settle: true))
        case .destroying(let id): .start(.destroy(id))
        case .verifying(let id): .start(.verify(id))
        case .done: .finish
        }
    }

    /// Applies one event. The new ``state`` and the action's intent are to be stored in one transaction before the
    /// action is carried out.
    public mutating func apply(_ event: AttemptEvent, at now: Moment) -> AttemptAction {
        switch event {
        case .began: began(now)
        case .anchored(let key): anchored(key)
        case .created(let instance): created(instance, now)
        case .createRefused(let error): createRefused(error, now)
        case .createUnsettled(let reason): createUnsettled(reason, now)
        case .becameReachable(let instance): becameReachable(instance, now)
        case .instanceFailed(let reason): instanceFailed(reason, now)
        case .connected: connected(now)
        case .startupEnded(let result): stageEnded(.startup, result, now)
        case .uploaded: uploaded(now)
        case .stepFailed(let reason): stepFailed(reason, now)
        case .setupEnded(let result): stageEnded(.setup, result, now)
        case .commandStarted: commandStarted()
        case .commandEnded(let result, let complete, let sealed):
            commandEnded(result, logsComplete: complete, sealed, now)
        case .collected(let complete, let warnings, let leavesResults):
            collected(complete: complete, warnings: warnings, leavesResults: leavesResults, now)
        case .recovered(let code, let complete, let warnings):
            recovered(exitCode: code, complete: complete, warnings: warnings, now)
        case .holdEnded: holdEnded(now)
        case .holdExtended(let end): holdExtended(to: end, now)
        case .holdReleased: holdReleased(now)
        case .runExtensionWished(let end): runExtensionWished(to: end)
        case .runExtended(let end): runExtended(to: end)
        case .runNotExtended(let end, let why): runNotExtended(to: end, why)
        case .snapshotTaken(let id, let name): snapshotTaken(id, name: name, now)
        case .snapshotFailed(let reason): snapshotFailed(reason, now)
        case .destroyAnswered(let answer): destroyAccepted(answer, now)
        case .verifiedGone: verifiedGone(now)
        case .teardownDelayed(let reason): teardownDelayed(reason)
        case .clockExpired(let clock): clockExpired(clock, now)
        case .cancelRequested: cancelRequested(now)
        case .forgetRequested: forgetRequested(now)
        case .connectionGivenUp(let reason): connectionGivenUp(reason, now)
        case .waiting(let text): waiting(text)
        case .warned(let text): warned(text)
        case .diagnosed(let verdict, let gpuFault): diagnosed(verdict, gpuFault: gpuFault)
        }
    }

    static func effect(of step: PreparingStep, on instance: ReachableInstance) -> AttemptEffect {
        switch step {
        case .startup: .awaitStartup(instance)
        case .upload: .upload(instance)
        case .setup: .setup(instance)
        }
    }

    // MARK: Steps shared by the events

    mutating func enter(_ phase: AttemptPhase, _ now: Moment) {
        if phase.word != state.phase.word {
            if let last = state.spans.indices.last, state.spans[last].elapsed == nil {
                state.spans[last].elapsed = state.spans[last].began.span(to: now).milliseconds
            }
            if phase != .done { state.spans.append(PhaseSpan(phase: phase.word, began: now)) }
        }
        state.waitingFor = nil
        state.phase = phase
    }

    /// The first outcome stays, whatever cleanup finds later.
    ///
    /// - Parameter cause: by which class the attempt may be tried again; `nil` = never.
    mutating func settle(_ outcome: Outcome, _ reason: Reason?, _ cause: RetryCause? = nil) {
        guard state.outcome == nil else { return }
        state.outcome = outcome
        state.reason = reason
        state.retryCause = cause
    }

    mutating func markInstance(_ change: (inout CreatedObject) -> Void) {
        mark(.instance, change)
    }

    mutating func mark(_ kind: CreatedObject.Kind, _ change: (inout CreatedObject) -> Void) {
        guard let index = state.objects.firstIndex(where: { $0.kind == kind }) else { return }
        change(&state.objects[index])
    }

    mutating func destroy(_ id: InstanceID, _ now: Moment) -> AttemptEffect {
        state.teardown = .pending
        enter(.destroying(id), now)
        return .destroy(id)
    }

    /// After the work: a snapshot by policy, or straight to destruction.
    mutating func snapshotOrDestroy(_ instance: ReachableInstance, _ now: Moment) -> AttemptEffect {
        let wanted =
            switch policy.when {
            case .never: false
            case .always: true
            case .onSuccess: state.outcome?.isSuccess == true
            case .onFailure: state.outcome?.isSuccess == false && state.outcome != .cancelled
            }
        let rescues = state.leavesResults == true && collectFailure != .discard
        guard wanted || rescues else { return destroy(instance.id, now) }
        let name = wanted ? snapshotName : rescueName
        if rescues {
            state.warnings.append("what could not be fetched is kept: its disk becomes the snapshot \(name)")
        }
        state.objects.append(CreatedObject(kind: .snapshot, name: name, intendedAt: now.wall))
        enter(.snapshotting(instance), now)
        return .snapshot(instance, settle: false)
    }

    mutating func finish(_ now: Moment) -> AttemptAction {
        enter(.done, now)
        return .finish
    }
}
