import Logging
import MayflyCore

/// Lets attempts attach to their machines, so that a machine whose bytes crash the keeper is found and harms nobody else.
///
/// Costs a keeper that takes over running jobs two commits for all of them together, and a job that it starts itself none:
/// the phase `connecting` is the mark.
actor AttachGate {
    enum Admission: Sendable, Hashable {
        case attach
        case wait
        /// Nothing is read from it any more.
        case quarantined
    }

    /// So long after its login a machine has had its chance.
    static let trial: Duration = .seconds(2)
    /// So long the others wait for one that cannot be reached.
    static let patience: Duration = .seconds(10)

    private let store: any JobStore
    private let time: any Timekeeper
    private let logger: Logger
    private let reign: Int64
    private var ledger: AttachLedger
    private var isOpen = false
    /// Suspects that this keeper has not tried yet.
    private var untried: [String] = []
    /// Those in their trial.
    private var group: Set<String> = []
    /// Whether it is made of suspects, so that all others wait.
    private var isTrial = false
    private var groupBegan: BootInstant?
    private var attachedAt: [String: BootInstant] = [:]
    private var isTurning = false
    /// Whether nobody is on trial, is going to be, or was found guilty, so that there is nothing to ask.
    private nonisolated let isFree = Mark()

    init(store: any JobStore, time: any Timekeeper, token: FencingToken, logger: Logger) {
        self.store = store
        self.time = time
        self.logger = logger
        reign = token.rawValue
        ledger = AttachLedger(reign: token.rawValue)
    }

    /// Reads what the last keeper left, and puts on record whom this one is about to attach to.
    /// - Parameters:
    ///   - guilty: machines whose bytes the last keeper was handling when it crashed.
    ///   - jobs: all that are unfinished.
    /// - Throws: ``JobStoreError``.
    func open(afterCrash: Bool, guilty: [String], over jobs: [JobRecord]) async throws {
        guard !isOpen else { return }
        let stored = try await store.value(AttachLedger.storedUnder)
        let attempts = jobs.compactMap { $0.attempt }.filter { !$0.isDone }
        // All of it anew: an earlier try may have ended at the store.
        ledger = stored.map(AttachLedger.init(text:)) ?? AttachLedger(reign: reign)
        (group, groupBegan) = ([], nil)
        let before = ledger
        ledger.take(
            over: reign, afterCrash: afterCrash, guilty: guilty,
            connecting: attempts.filter { $0.phase.word == "connecting" }.map { $0.identity.description },
            living: attempts.map { $0.identity.description })
        for hostname in ledger.quarantined {
            logger.error(
                "a machine that crashed the keeper again and again is quarantined",
                metadata: ["instance": "\(hostname)"])
        }
        untried = ledger.suspects
        if untried.isEmpty {
            let present = attempts.filter { $0.phase.isAttached && !ledger.isQuarantined($0.identity.description) }
                .map { $0.identity.description }
            group = Set(present)
            ledger.begin(present)
            groupBegan = group.isEmpty ? nil : time.now().boot
        }
        if before.attaching != ledger.attaching || before.suspects != ledger.suspects
            || before.crashes != ledger.crashes || before.named != ledger.named
        {
            try await save()
        }
        isOpen = true
        weigh()
    }

    /// A group that is no trial waits for nobody, but those of it that log in are to be noted.
    private func weigh() {
        isFree.set(isOpen && !isTrial && untried.isEmpty && group.isEmpty && !ledger.hasQuarantined)
    }

    /// Whether an attempt may log in now. Asked before every login.
    nonisolated func admission(of identity: AttemptIdentity) async -> Admission {
        isFree.isSet ? .attach : await judged(identity)
    }

    private func judged(_ identity: AttemptIdentity) async -> Admission {
        let hostname = identity.description
        if ledger.isQuarantined(hostname) { return .quarantined }
        // The conductor turns a group that is no trial.
        guard isTrial || !untried.isEmpty else { return .attach }
        await turn()
        guard isTrial || !untried.isEmpty else { return .attach }
        return group.contains(hostname) ? .attach : .wait
    }

    nonisolated func attached(_ identity: AttemptIdentity) async {
        if !isFree.isSet { await note(identity) }
    }

    private func note(_ identity: AttemptIdentity) {
        let hostname = identity.description
        if group.contains(hostname), attachedAt[hostname] == nil { attachedAt[hostname] = time.now().boot }
    }

    /// Ends trials whose time has come and begins the next.
    func turn() async {
        // What was not put on record yet must not be acted on: it would be read again as what the last keeper left.
        guard isOpen, !isTurning else { return }
        isTurning = true
        defer {
            isTurning = false
            weigh()
        }
        let now = time.now().boot
        if let began = groupBegan, !group.isEmpty {
            let survivors = group.filter { attachedAt[$0].map { $0.duration(to: now) >= Self.trial } ?? false }
            let isOver = survivors.count == group.count || began.duration(to: now) >= Self.patience
            guard isOver else { return }
            ledger.survived(Set(survivors))
            ledger.leave(group)
            group = []
            isTrial = false
        }
        if group.isEmpty, !untried.isEmpty {
            let next = AttachLedger.nextGroup(of: untried)
            ledger.begin(next)
            guard await saved() else { return }
            untried.removeFirst(next.count)
            group = Set(next)
            isTrial = true
            groupBegan = time.now().boot
        } else if groupBegan != nil, group.isEmpty {
            guard await saved() else { return }
            groupBegan = nil
        }
    }

    /// This keeper ends of its own will, which accuses nobody.
    func standDown() async {
        guard !ledger.attaching.isEmpty else { return }
        ledger.leave(Set(ledger.attaching))
        _ = await saved()
    }

    private func saved() async -> Bool {
        do {
            try await save()
            return true
        } catch {
            logger.error("who is attached to cannot be put on record", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func save() async throws {
        // A keeper that was suspended must not speak over the one that took its place.
        if let stored = try await store.value(AttachLedger.storedUnder), AttachLedger(text: stored).reign > reign {
            return
        }
        try await store.setValue(ledger.text, for: AttachLedger.storedUnder)
    }
}

extension AttemptPhase {
    /// Whether a keeper that takes over logs in at once.
    var isAttached: Bool {
        switch self {
        case .connecting, .preparing, .running, .collecting: true
        case .queued, .creating, .booting, .holding, .snapshotting, .destroying, .verifying, .done: false
        }
    }
}
