import Logging
import MayflyCore

/// Leads one attempt to its end: a mailbox with one consumer, which feeds the machine, journals its state together
/// with the next intent, and only then starts the effect.
struct AttemptRunner: Sendable {
    let context: AttemptContext
    let store: any JobStore
    let token: FencingToken
    let mailbox: AttemptMailbox

    private var time: any Timekeeper { context.time }

    /// - Parameters:
    ///   - state: as stored, or new.
    ///   - isNew: whether nothing of it has happened yet; else the last intent is settled, never repeated.
    /// - Returns: the state in phase `done`.
    /// - Throws: ``JobStoreError`` `fenced` when another keeper reigns, `CancellationError` when this one steps down.
    func run(_ state: AttemptState, isNew: Bool) async throws -> AttemptState {
        var machine = AttemptMachine(state: state, definition: context.definition)
        var failure: (any Error)?
        await withDiscardingTaskGroup { group in
            // What an earlier attempt's effects posted at its very end must mean nothing to this one.
            var control = EffectControl(generation: state.number << 32, mailbox: mailbox)
            func start(_ effect: AttemptEffect, of state: AttemptState) {
                let next = EffectControl(generation: control.generation + 1, mailbox: mailbox)
                control = next
                let effects = AttemptEffects(context: context, witness: state.witness)
                group.addTask { await next.race { await effects.perform(effect, of: state, next) } }
            }
            func armClocks(_ state: AttemptState) {
                for (clock, began, rest) in clocks(of: state) {
                    group.addTask { [mailbox, time] in
                        guard (try? await time.sleep(for: rest)) != nil else { return }
                        mailbox.post(.clock(clock, began: began))
                    }
                }
            }
            /// Carries out what was decided and journaled. Returns whether the attempt is over.
            func carryOut(_ action: AttemptAction, _ state: AttemptState) -> Bool {
                switch action {
                case .none: break
                case .start(let effect):
                    start(effect, of: state)
                case .replace(let effect):
                    control.abandon()
                    start(effect, of: state)
                case .stopCommand(let cause): control.requestStop(cause)
                case .finish: return true
                }
                // A create that keeps failing before anything was sent ends with the first outcome.
                if state.phase == .creating, state.outcome != nil { control.requestStop(.cancelled) }
                return false
            }

            do {
                var action = machine.resumption()
                if isNew {
                    action = machine.apply(.began, at: time.now())
                    try await journal(machine.state)
                }
                armClocks(machine.state)
                if !carryOut(action, machine.state) {
                    for await message in mailbox.messages {
                        let before = machine.state
                        if let put = putOff(message, before) {
                            group.addTask { [mailbox, time] in
                                guard (try? await time.sleep(for: put)) != nil else { return }
                                mailbox.post(message)
                            }
                            continue
                        }
                        guard let event = current(message, control.generation, before) else { continue }
                        action = machine.apply(event, at: time.now())
                        let state = machine.state
                        if state != before { try await journal(state) }
                        if state.phase.word != before.phase.word { armClocks(state) }
                        if carryOut(action, state) { break }
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
        return machine.state
    }

    /// Outputs that cannot be written here are safe on the instance until its expiry: the collect clock waits for a
    /// person to make room, and nothing is destroyed before.
    private func putOff(_ message: AttemptMailbox.Message, _ state: AttemptState) -> Duration? {
        guard case .clock(.collect, _) = message, context.folderTrouble.isSet, time.now().wall < context.expiry else {
            return nil
        }
        return .seconds(5)
    }

    /// The event of a message that still means something.
    private func current(
        _ message: AttemptMailbox.Message, _ generation: Int, _ state: AttemptState
    ) -> AttemptEvent? {
        switch message {
        case .event(let event): return event
        case .effect(generation, let event): return event
        case .effect: return nil
        case .wish(state.number, let event): return event
        case .wish: return nil
        case .clock(.total, _): return .clockExpired(.total)
        case .clock(let clock, let began):
            guard let running = state.runningClock, running.clock == clock, running.began == began else {
                return nil
            }
            return .clockExpired(clock)
        }
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

    /// Durable before the effect. A store that cannot write (disk full, busy) is waited for: nothing may happen that is
    /// not on record.
    private func journal(_ state: AttemptState) async throws {
        var backoff = Backoff(first: .milliseconds(50), most: .seconds(5))
        while true {
            do {
                try await store.save(state, of: context.job.id, token: token)
                context.observer.changed(context.job.id)
                return
            } catch let error as JobStoreError where error.code == .failed {
                context.logger.error("the store cannot be written", metadata: ["error": "\(error)"])
            }
            try await backoff.wait(time)
        }
    }
}
