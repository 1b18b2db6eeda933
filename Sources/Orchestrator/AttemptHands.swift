import MayflyCore

/// What carries out the decisions about one attempt: starts its effects, stops them, and sets its clocks.
struct AttemptHands {
    private let context: AttemptContext
    private let mailbox: AttemptMailbox
    private var control: EffectControl
    private var alarms: [Timers.Alarm] = []
    /// Of the message that is put off, if one is.
    private var later: Timers.Alarm?

    init(context: AttemptContext, mailbox: AttemptMailbox) {
        self.context = context
        self.mailbox = mailbox
        // What an earlier attempt's effects posted at its very end must mean nothing to this one.
        control = EffectControl(generation: context.identity.attempt << 32, mailbox: mailbox)
    }

    /// The effect that is listened to.
    var generation: Int { control.generation }

    /// Carries out what was decided and journaled.
    /// - Returns: whether the attempt is over.
    mutating func carryOut(_ decision: AttemptJournal.Decision, in group: inout DiscardingTaskGroup) -> Bool {
        if decision.entersPhase {
            // The clocks of the phase before mean nothing any more, and the total's is among those that follow.
            disarm()
            for (clock, began, rest) in clocks(of: decision.state) {
                alarms.append(alarm(.clock(clock, began: began), after: rest))
            }
        }
        switch decision.action {
        case .none: break
        case .start(let effect): start(effect, decision, &group)
        case .replace(let effect):
            control.abandon()
            start(effect, decision, &group)
        case .stopCommand: stop(decision, &group)
        case .extendCommand(let instance, let limit, let end):
            let (effects, present) = (AttemptEffects(context: context, decision: decision), control)
            group.addTask { await effects.extendRun(of: instance, to: limit, end, present) }
        case .finish: return true
        }
        // A create that keeps failing before anything was sent ends with the first outcome.
        if decision.state.phase == .creating, decision.state.outcome != nil { stop(decision, &group) }
        return false
    }

    private mutating func start(
        _ effect: AttemptEffect, _ decision: AttemptJournal.Decision, _ group: inout DiscardingTaskGroup
    ) {
        let next = EffectControl(generation: control.generation + 1, mailbox: mailbox)
        control = next
        let effects = AttemptEffects(context: context, decision: decision)
        group.addTask { await next.run { await effects.perform(effect, next) } }
    }

    private func stop(_ decision: AttemptJournal.Decision, _ group: inout DiscardingTaskGroup) {
        guard let host = control.stop.make(at: context.time.now().boot) else { return }
        let (effects, present) = (AttemptEffects(context: context, decision: decision), control)
        group.addTask { await effects.passOnStop(to: host, present) }
    }

    // MARK: Clocks

    /// Lets a message come later. Only one at a time is put off: the clock of the phase.
    mutating func putOff(_ message: AttemptMailbox.Message, by wait: Duration) {
        if let later { context.timers.cancel(later) }
        later = alarm(message, after: wait)
    }

    private func alarm(_ message: AttemptMailbox.Message, after wait: Duration) -> Timers.Alarm {
        context.timers.after(wait) { [mailbox] in mailbox.post(message) }
    }

    mutating func disarm() {
        for alarm in alarms { context.timers.cancel(alarm) }
        alarms.removeAll(keepingCapacity: true)
        if let later { context.timers.cancel(later) }
        later = nil
    }

    /// The clocks to arm on entering a phase, with what is left of each.
    private func clocks(of state: AttemptState) -> [(JobClock, Moment, Duration)] {
        var armed: [(JobClock, Moment, Duration)] = []
        let now = context.time.now()
        func arm(_ clock: JobClock, _ began: Moment) {
            guard let limit = context.definition.timeouts.limit(of: clock) else { return }
            let passed = state.elapsed(since: began, now: now, bootID: context.time.bootID)
            // A keeper that takes over finds out first whether there is anywhere to collect to.
            let least: Duration = clock == .collect ? .seconds(5) : .zero
            armed.append((clock, began, max(least, limit - passed)))
        }
        if let (clock, began) = state.runningClock { arm(clock, began) }
        // The total runs over all attempts, from the first that left the queue.
        let spans = (context.job.attempts.first { $0.number < state.number } ?? state).spans
        if let first = spans.first(where: { $0.phase == "creating" }) { arm(.total, first.began) }
        return armed
    }
}
