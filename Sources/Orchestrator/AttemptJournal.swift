import Logging
import MayflyCore

/// The machine of one attempt with its journal: what it decides is durable before anybody acts on it.
actor AttemptJournal {
    /// What is to be done, and the state that says so in the store.
    final class Decision: Sendable {
        let action: AttemptAction
        let state: AttemptState
        let entersPhase: Bool

        init(_ action: AttemptAction, _ state: AttemptState, entersPhase: Bool) {
            self.action = action
            self.state = state
            self.entersPhase = entersPhase
        }
    }

    enum Answer: Sendable {
        /// The message means nothing any more.
        case nothing
        /// It is to come again, so much later.
        case later(Duration)
        case decided(Decision)
    }

    private var machine: AttemptMachine
    private let context: AttemptContext
    private let store: any JobStore
    private let token: FencingToken
    private var time: any Timekeeper { context.time }

    init(_ state: AttemptState, _ context: AttemptContext, _ store: any JobStore, _ token: FencingToken) {
        machine = AttemptMachine(state: state, definition: context.definition)
        self.context = context
        self.store = store
        self.token = token
    }

    /// - Parameter isNew: whether nothing of the attempt has happened yet; else the last intent is settled, never repeated.
    func begin(isNew: Bool) async throws -> Decision {
        var action = machine.resumption()
        if isNew {
            action = machine.apply(.began, at: time.now())
            try await write(machine.state)
        }
        return Decision(action, machine.state, entersPhase: true)
    }

    /// - Parameter generation: the effect that is listened to.
    /// - Throws: ``JobStoreError``, `CancellationError`.
    func take(_ message: AttemptMailbox.Message, _ generation: Int) async throws -> Answer {
        let before = machine.state
        if let wait = putOff(message, before) { return .later(wait) }
        guard let event = current(message, generation, before) else { return .nothing }
        let action = machine.apply(event, at: time.now())
        let state = machine.state
        if state != before { try await write(state) }
        return .decided(Decision(action, state, entersPhase: state.phase.word != before.phase.word))
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

    /// Durable before the effect. A store that cannot write (disk full, busy) is waited for: nothing may happen that is
    /// not on record.
    private func write(_ state: AttemptState) async throws {
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
