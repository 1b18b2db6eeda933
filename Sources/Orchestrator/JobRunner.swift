import Logging
import MayflyCore

/// Leads one job through its attempts to its receipt.
struct JobRunner: Sendable {
    let parts: ConductorParts
    let token: FencingToken
    let installation: String

    private static let attemptLimit = 3
    /// How much longer than all its clocks an instance may live before it counts as forgotten (design: hold).
    private static let hold: Duration = .seconds(2 * 3600)

    func run(_ job: JobRecord, _ mailbox: AttemptMailbox) async throws {
        var job = job
        while true {
            var state: AttemptState
            if let last = job.attempt, !last.isDone || !shouldTryAgain(job, last) {
                state = last
                if !last.isDone {
                    state = try await lead(job, last, isNew: false, mailbox)
                }
            } else {
                let fresh = newAttempt(of: job)
                if let ended = try await endBeforeStart(job, fresh) {
                    state = ended
                } else {
                    state = try await lead(job, fresh, isNew: true, mailbox)
                }
            }
            guard let now = try await parts.store.job(job.id) else { return }
            job = now
            if !shouldTryAgain(job, state) { return try await finish(job) }
        }
    }

    /// Only an attempt whose command provably never ran is repeated: its create was lost.
    private func shouldTryAgain(_ job: JobRecord, _ last: AttemptState) -> Bool {
        last.isDone && last.outcome == .lost && !last.commandStarted && last.instance == nil
            && last.number < Self.attemptLimit && job.cancelRequestedAt == nil
    }

    private func newAttempt(of job: JobRecord) -> AttemptState {
        let number = (job.attempt?.number ?? 0) + 1
        let now = parts.time.now()
        let timeouts = job.definition.timeouts
        let life =
            timeouts.provision + timeouts.setup + timeouts.run + timeouts.collect + timeouts.snapshot
            + Self.hold
        return AttemptState(
            identity: AttemptIdentity(
                installation: installation, job: job.id, attempt: number,
                nonce: Base32.encode(parts.entropy.bytes(8))),
            number: number, expiry: now.wall.advanced(by: life), now: now, bootID: parts.time.bootID)
    }

    /// A cancel or the queue clock that came before anything was created: the attempt is done at once.
    /// Also waits for the token and secrets, saying so in the row.
    private func endBeforeStart(_ job: JobRecord, _ state: AttemptState) async throws -> AttemptState? {
        var told: String?
        while true {
            guard let current = try await parts.store.job(job.id) else { throw CancellationError() }
            var event: AttemptEvent?
            if current.cancelRequestedAt != nil { event = .cancelRequested }
            if let limit = job.definition.timeouts.queue,
                job.submittedAt.duration(to: parts.time.now().wall) >= limit
            {
                event = event ?? .clockExpired(.queue)
            }
            if let event {
                var machine = AttemptMachine(state: state, definition: job.definition)
                _ = machine.apply(event, at: parts.time.now())
                let ended = machine.state
                try await parts.store.save(ended, of: job.id, token: token)
                return ended
            }
            guard let reason = await missingSupply(job) else {
                if told != nil { try await tell(job, nil) }
                return nil
            }
            if told != reason {
                told = reason
                try await tell(job, reason)
            }
            try await parts.time.sleep(for: .milliseconds(200))
        }
    }

    private func missingSupply(_ job: JobRecord) async -> String? {
        if case .waiting(let reason) = await parts.supplies.provider(for: job.cloud) { return reason }
        if case .waiting(let reason) = await parts.supplies.secrets(of: job) { return reason }
        return nil
    }

    private func tell(_ job: JobRecord, _ reason: String?) async throws {
        try await parts.store.setWaiting(job.id, for: reason, token: token)
        parts.observer.changed(job.id)
    }

    private func lead(
        _ job: JobRecord, _ state: AttemptState, isNew: Bool, _ mailbox: AttemptMailbox
    ) async throws -> AttemptState {
        let context = AttemptContext(
            job: job, identity: state.identity, expiry: state.expiry,
            provider: try await provider(of: job),
            connector: parts.connector, storage: parts.storage, folder: try await folder(of: job),
            supplies: parts.supplies, observer: parts.observer, time: parts.time, logger: parts.logger,
            link: Link(connector: parts.connector, identity: state.identity, settings: job.definition.ssh)
        )
        return try await AttemptRunner(
            context: context, store: parts.store, token: token, mailbox: mailbox
        )
        .run(state, isNew: isNew)
    }

    private func provider(of job: JobRecord) async throws -> any InstanceProvider {
        var told: String?
        while true {
            switch await parts.supplies.provider(for: job.cloud) {
            case .ready(let provider):
                if told != nil { try await tell(job, nil) }
                return provider
            case .waiting(let reason):
                if told != reason {
                    told = reason
                    try await tell(job, reason)
                }
                try await parts.time.sleep(for: .milliseconds(200))
            }
        }
    }

    /// The results folder, waited for: a full disk or missing rights are the user's to mend, and no reason to lose a job.
    private func folder(of job: JobRecord) async throws -> any JobFolder {
        var backoff = Backoff(first: .milliseconds(200), most: .seconds(5))
        var told: String?
        while true {
            do {
                let folder = try await parts.storage.folder(for: job)
                if told != nil { try await tell(job, nil) }
                return folder
            } catch {
                try Task.checkCancellation()
                let reason = "the results folder cannot be made: \(error)"
                if told != reason {
                    told = reason
                    try await tell(job, reason)
                }
            }
            try await backoff.wait(parts.time)
        }
    }

    /// Receipt, keys, and the row's end, in this order: a crash between them repeats what is harmless to repeat.
    private func finish(_ job: JobRecord) async throws {
        let now = parts.time.now().wall
        var backoff = Backoff(first: .milliseconds(200), most: .seconds(2))
        for _ in 0..<5 {
            do {
                let receipt = Receipt(of: job, finishedAt: now, format: parts.formatTime)
                try await parts.storage.folder(for: job).write(receipt)
                break
            } catch {
                parts.logger.error(
                    "a receipt cannot be written", metadata: ["job": "\(job.id)", "error": "\(error)"])
                try await backoff.wait(parts.time)
            }
        }
        for attempt in job.attempts { await parts.connector.discardKeys(of: attempt.identity) }
        try await parts.store.finish(job.id, at: now, token: token)
    }
}
