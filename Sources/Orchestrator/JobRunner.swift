import Logging
import MayflyCore

/// Leads jobs, each through its attempts to its receipt. One for all of a keeper's jobs: none of them holds a copy of it.
final class JobRunner: Sendable {
    let parts: ConductorParts
    let token: FencingToken
    let installation: String
    let gate: AttachGate
    let timers: Timers

    init(parts: ConductorParts, token: FencingToken, installation: String, gate: AttachGate, timers: Timers) {
        self.parts = parts
        self.token = token
        self.installation = installation
        self.gate = gate
        self.timers = timers
    }

    /// Returns once it is over.
    /// - Throws: ``JobStoreError``, or `CancellationError` when this keeper steps down or is no longer the one that leads it.
    func run(_ id: JobID, _ mailbox: AttemptMailbox) async throws {
        while let attempt = try await aside({ [self] in try await next(of: id, mailbox) }) { try await attempt.run() }
    }

    /// The attempt to lead now; `nil` once the job is over and its end is written.
    private func next(of id: JobID, _ mailbox: AttemptMailbox) async throws -> AttemptRunner? {
        while let job = try await parts.store.job(id), !job.isFinished {
            if let last = job.attempt, !last.isDone { return await runner(job, last, isNew: false, mailbox) }
            if job.attempt != nil, job.nextAttempt == nil {
                try await finish(job)
                return nil
            }
            switch try await awaitStart(of: job, mailbox) {
            case .over:
                try await finish(job)
                return nil
            case .end(let event):
                var machine = AttemptMachine(state: newAttempt(of: job), definition: job.definition)
                _ = machine.apply(event, at: parts.time.now())
                try await parts.store.save(machine.state, of: job.id, token: token)
            case .go(let current):
                // Only now: the identity's expiry counts from the create, not from a wait before it.
                var new = newAttempt(of: job)
                if case .ready(let provider) = await parts.supplies.provider(for: job.cloud) {
                    new.anchor = await provider.knownAnchor()
                }
                return await runner(current, new, isNew: true, mailbox)
            }
        }
        return nil
    }

    private func newAttempt(of job: JobRecord) -> AttemptState {
        let number = (job.attempt?.number ?? 0) + 1
        let now = parts.time.now()
        return AttemptState(
            identity: AttemptIdentity(
                installation: installation, job: job.id, attempt: number,
                nonce: Base32.encode(parts.entropy.bytes(8))),
            number: number, expiry: now.wall.advanced(by: job.definition.life), now: now, bootID: parts.time.bootID)
    }

    private enum Start {
        /// The row as it is then: a person may have sent its results elsewhere.
        case go(JobRecord)
        /// A cancel or the queue clock came before anything was created: the attempt is done at once.
        case end(AttemptEvent)
        /// A cancel or the total clock came while another attempt was waited for: the last one was the job's last.
        case over
    }

    /// Waits for the next attempt's time, then for token, secrets and the results folder, saying so in the row.
    private func awaitStart(of job: JobRecord, _ mailbox: AttemptMailbox) async throws -> Start {
        var told = job.waitingFor
        while true {
            // What has moved is moved by another keeper, which reigns: this one was suspended, and keeps its hands off.
            guard let current = try await parts.store.job(job.id), current.attempts == job.attempts else {
                throw CancellationError()
            }
            if current.cancelRequestedAt != nil { return current.attempt == nil ? .end(.cancelRequested) : .over }
            if totalClockExpired(current) { return .over }
            if let limit = job.definition.timeouts.queue, job.attempts.isEmpty,
                job.submittedAt.duration(to: parts.time.now().wall) >= limit
            {
                return .end(.clockExpired(.queue))
            }
            let rest = current.nextAttempt.map { restOfWait(for: $0, current) } ?? .zero
            let reason = rest > .zero ? waitText(current) : await missing(current)
            if told != reason {
                told = reason
                try await tell(job, reason)
            }
            if reason == nil { return .go(current) }
            if rest > .zero {
                try await mailbox.cancel.sleep(for: rest, parts.time)
            } else {
                try await parts.time.sleep(for: .milliseconds(200))
            }
        }
    }

    private func totalClockExpired(_ job: JobRecord) -> Bool {
        guard let total = job.definition.timeouts.total, let began = job.leftQueueAt, let first = job.attempts.first
        else { return false }
        return first.elapsed(since: began, now: parts.time.now(), bootID: parts.time.bootID) >= total
    }

    /// What is left of the wait before the next attempt. It counts from the last one's end, whoever has waited since.
    private func restOfWait(for next: NextAttempt, _ job: JobRecord) -> Duration {
        guard let last = job.attempt else { return .zero }
        let now = parts.time.now()
        return max(.zero, next.wait - last.elapsed(since: next.since, now: now, bootID: parts.time.bootID))
    }

    private func waitText(_ job: JobRecord) -> String? {
        guard let next = job.nextAttempt, let last = job.attempt else { return nil }
        let code = last.outcome == .failedUser(exitCode: last.exitCode ?? 0) ? ", exit code \(last.exitCode ?? 0)" : ""
        return "attempt \(next.number) of \(next.limit), at \(parts.formatTime(next.beginsAt)): attempt \(last.number) "
            + "ended as \(last.outcome?.word ?? "lost")\(code)"
    }

    private func missing(_ job: JobRecord) async -> String? {
        if case .waiting(let reason) = await parts.supplies.provider(for: job.cloud) { return reason }
        if case .waiting(let reason) = await parts.supplies.secrets(of: job) { return reason }
        do {
            let folder = try await parts.storage.folder(for: job)
            if let last = job.attempt {
                // Every attempt keeps its own logs and receipt: the next one begins in an empty folder.
                let receipt = Receipt(of: job, finishedAt: last.endedAt?.wall, format: parts.formatTime)
                try await folder.setAside(attempt: last.number, receipt)
            }
            return nil
        } catch {
            return "\(JobRecord.folderTrouble) made ready: \(error)"
        }
    }

    private func tell(_ job: JobRecord, _ reason: String?) async throws {
        try await parts.store.setWaiting(job.id, for: reason, token: token)
        parts.observer.changed(job.id)
    }

    private func runner(
        _ job: JobRecord, _ state: AttemptState, isNew: Bool, _ mailbox: AttemptMailbox
    ) async -> AttemptRunner {
        let provider: any InstanceProvider
        if case .ready(let ready) = await parts.supplies.provider(for: job.cloud) {
            provider = ready
        } else {
            provider = AwaitedProvider(supplies: parts.supplies, cloud: job.cloud)
        }
        let context = AttemptContext(
            job: job, state: state, provider: provider, parts: parts, gate: gate, timers: timers)
        return AttemptRunner(
            context: context, journal: AttemptJournal(state, context, parts.store, token), mailbox: mailbox,
            isNew: isNew)
    }

    /// Receipt, keys, and the row's end, in this order: a crash between them repeats what is harmless to repeat. A
    /// receipt that cannot be written is waited for, unless a person gives the job up.
    private func finish(_ job: JobRecord) async throws {
        let now = parts.time.now().wall
        var place = job
        var backoff = Backoff(first: .milliseconds(200), most: .seconds(5))
        var told: String?
        while true {
            do {
                // A cancel may have come since, and the results been sent elsewhere.
                place = try await parts.store.job(job.id) ?? place
                let receipt = Receipt(of: place, finishedAt: now, format: parts.formatTime)
                try await parts.storage.folder(for: place).write(receipt)
                break
            } catch {
                try Task.checkCancellation()
                let reason = "\(JobRecord.receiptTrouble): \(error); `mayfly cancel \(job.id) --forget` does without"
                if told != reason { try await tell(job, reason) }
                told = reason
                if try await parts.store.value(JobRecord.forgetKey(job.id)) != nil { break }
                try await backoff.wait(parts.time)
            }
        }
        for attempt in job.attempts where attempt.hold != nil {
            try await parts.store.setValue(nil, for: HoldWish.key(job.id, attempt: attempt.number))
        }
        for attempt in job.attempts where attempt.runsUntil != nil || attempt.refusedRunEnd != nil {
            try await parts.store.setValue(nil, for: RunWish.key(job.id, attempt: attempt.number))
        }
        for attempt in job.attempts { await parts.connector.discardKeys(of: attempt.identity) }
        try await parts.store.finish(job.id, at: now, token: token)
    }
}
