import MayflyCore

/// Leads one attempt to its end: a mailbox with one consumer, which lets the machine decide, its decision be journaled
/// together with the next intent, and only then starts the effect.
struct AttemptRunner: Sendable {
    let context: AttemptContext
    let journal: AttemptJournal
    let mailbox: AttemptMailbox
    /// Whether nothing of it has happened yet.
    let isNew: Bool

    private var time: any Timekeeper { context.time }

    /// Returns once the attempt is done.
    /// - Throws: ``JobStoreError`` `fenced` when another keeper reigns, `CancellationError` when this one steps down.
    func run() async throws {
        var failure: (any Error)?
        await withDiscardingTaskGroup { group in
            // What an earlier attempt's effects posted at its very end must mean nothing to this one.
            var control = EffectControl(generation: context.identity.attempt << 32, mailbox: mailbox)
            func start(_ effect: AttemptEffect, _ decision: AttemptJournal.Decision) {
                let next = EffectControl(generation: control.generation + 1, mailbox: mailbox)
                control = next
                let effects = AttemptEffects(context: context, witness: decision.state.witness)
                group.addTask { await next.race { await effects.perform(effect, of: decision.state, next) } }
            }
            func post(_ message: AttemptMailbox.Message, after wait: Duration) {
                group.addTask { [mailbox, time] in
                    guard (try? await time.sleep(for: wait)) != nil else { return }
                    mailbox.post(message)
                }
            }
            /// Carries out what was decided and journaled. Returns whether the attempt is over.
            func carryOut(_ decision: AttemptJournal.Decision) -> Bool {
                if decision.entersPhase {
                    for (clock, began, rest) in clocks(of: decision.state) {
                        post(.clock(clock, began: began), after: rest)
                    }
                }
                switch decision.action {
                case .none: break
                case .start(let effect): start(effect, decision)
                case .replace(let effect):
                    control.abandon()
                    start(effect, decision)
                case .stopCommand(let cause): control.requestStop(cause)
                case .extendCommand(let instance, let limit, let end):
                    let (effects, present) = (
                        AttemptEffects(context: context, witness: decision.state.witness), control
                    )
                    group.addTask { await effects.extendRun(of: instance, to: limit, end, present) }
                case .finish: return true
                }
                // A create that keeps failing before anything was sent ends with the first outcome.
                if decision.state.phase == .creating, decision.state.outcome != nil { control.requestStop(.cancelled) }
                return false
            }

            do {
                let first = try await aside { [journal, isNew] in try await journal.begin(isNew: isNew) }
                if !carryOut(first) {
                    messages: for await message in mailbox.messages {
                        let generation = control.generation
                        switch try await aside({ [journal] in try await journal.take(message, generation) }) {
                        case .nothing: continue
                        case .later(let wait): post(message, after: wait)
                        case .decided(let decision): if carryOut(decision) { break messages }
                        }
                    }
                }
                try Task.checkCancellation()
            } catch {
                failure = error
            }
            group.cancelAll()
        }
        await context.link.drop()
        if let failure { throw failure }
    }

    /// The clocks to arm on entering a phase, with what is left of each.
    private func clocks(of state: AttemptState) -> [(JobClock, Moment, Duration)] {
        var armed: [(JobClock, Moment, Duration)] = []
        let now = time.now()
        func arm(_ clock: JobClock, _ began: Moment) {
            guard let limit = context.definition.timeouts.limit(of: clock) else { return }
            let passed = state.elapsed(since: began, now: now, bootID: time.bootID)
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
