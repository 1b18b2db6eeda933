package import Logging
package import MayflyCore

/// What the conductor works with: the core's protocols, and nothing concrete.
package struct ConductorParts: Sendable {
    package var store: any JobStore
    package var supplies: any JobSupplies
    package var connector: any RemoteConnector
    package var storage: any JobStorage
    package var observer: any JobObserver
    package var time: any Timekeeper
    package var entropy: any Entropy
    package var logger: Logger
    /// Renders a wall time for receipts: ISO 8601 in UTC with milliseconds.
    package var formatTime: @Sendable (WallTime) -> String

    package init(
        store: any JobStore, supplies: any JobSupplies, connector: any RemoteConnector,
        storage: any JobStorage,
        observer: any JobObserver, time: any Timekeeper, entropy: any Entropy, logger: Logger,
        formatTime: @escaping @Sendable (WallTime) -> String
    ) {
        self.store = store
        self.supplies = supplies
        self.connector = connector
        self.storage = storage
        self.observer = observer
        self.time = time
        self.entropy = entropy
        self.logger = logger
        self.formatTime = formatTime
    }
}

/// Runs the durable queue: starts jobs as their submission's limit allows, passes on cancels, and lets go of what is done.
package actor Conductor {
    private let parts: ConductorParts
    private let token: FencingToken
    private let installation: String
    private let afterCrash: Bool
    private let gate: AttachGate
    private var active: [JobID: AttemptMailbox] = [:]
    private var activeSubmissions: [JobID: String] = [:]
    private var unfinished: [JobID] = []
    /// Whether instances of finished jobs may yet turn up: somebody must be there to see them.
    private var isWatching = false
    private let wakes: AsyncStream<Void>
    private let wakeContinuation: AsyncStream<Void>.Continuation
    private var fenced = false
    private var toldUnreadable: Set<UnreadableJob> = []
    private var lookedForUnreadable: BootInstant?

    /// - Parameter afterCrash: whether the last keeper crashed, as against being killed or standing down.
    package init(parts: ConductorParts, token: FencingToken, installation: String, afterCrash: Bool = false) {
        self.parts = parts
        self.token = token
        self.installation = installation
        self.afterCrash = afterCrash
        gate = AttachGate(store: parts.store, time: parts.time, token: token, logger: parts.logger)
        (wakes, wakeContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// There is news in the store, or supplies have arrived.
    package nonisolated func wake() { wakeContinuation.yield() }

    package var runningJobs: [JobID] { active.keys.sorted() }
    package var waitingJobs: [JobID] { unfinished.filter { active[$0] == nil } }
    package var isIdle: Bool { active.isEmpty && unfinished.isEmpty && !isWatching }

    /// Works until its task is cancelled (stepping down touches no job) or a newer keeper reigns.
    package func run() async throws {
        do {
            try await work()
        } catch {
            await gate.standDown()
            if fenced, error is CancellationError {
                parts.logger.notice("a newer keeper reigns, and leads the jobs of this one")
                return
            }
            throw error
        }
        await gate.standDown()
    }

    private func work() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { [self] in
                // Queue clocks and news that no client announced.
                while true {
                    try await parts.time.sleep(for: .seconds(5))
                    await gate.turn()
                    wake()
                }
            }
            group.addTask { [self] in
                try await LateArrivals(parts: parts, token: token).run()
            }
            wake()
            for await _ in wakes {
                do {
                    try await gate.open(afterCrash: afterCrash)
                    try await tellUnreadable()
                    for (job, mailbox) in try await admit() {
                        group.addTask { [self] in await lead(job, mailbox) }
                    }
                } catch let error as JobStoreError {
                    // Jobs that run go on; the queue is looked at again with the next wake.
                    parts.logger.error("the queue cannot be read", metadata: ["error": "\(error)"])
                }
                if fenced { break }
            }
            group.cancelAll()
        }
    }

    /// A job whose row cannot be read is said once and left alone; all others go on.
    private func tellUnreadable() async throws {
        let now = parts.time.now().boot
        if let last = lookedForUnreadable, last.duration(to: now) < .seconds(60) { return }
        for job in try await parts.store.unreadableJobs(.unfinished) where toldUnreadable.insert(job).inserted {
            parts.logger.error("a job cannot be read", metadata: ["job": "\(job.id)", "advice": "\(job.advice)"])
        }
        lookedForUnreadable = now
    }

    /// The jobs to start now, in order of their numbers.
    private func admit() async throws -> [(JobRecord, AttemptMailbox)] {
        let jobs = try await parts.store.jobs(.unfinished)
        unfinished = jobs.map(\.id)
        isWatching = try await !parts.store.jobs(.watched(at: parts.time.now().wall)).isEmpty
        var admitted: [(JobRecord, AttemptMailbox)] = []
        for job in jobs {
            if let mailbox = active[job.id] {
                try await passOn(job, to: mailbox)
                continue
            }
            let running = activeSubmissions.values.count { $0 == job.submission }
            let mustEnd = job.cancelRequestedAt != nil || queueClockExpired(job)
            // One that already has an attempt holds an instance: it never waits for a slot.
            guard !job.attempts.isEmpty || mustEnd || running < job.submissionLimit else { continue }
            let mailbox = AttemptMailbox()
            active[job.id] = mailbox
            activeSubmissions[job.id] = job.submission
            try await passOn(job, to: mailbox)
            admitted.append((job, mailbox))
        }
        return admitted
    }

    /// A person's wish, durable in the store: to let go of what is held or to hold it longer, to cancel, or beyond that to
    /// end without proof.
    private func passOn(_ job: JobRecord, to mailbox: AttemptMailbox) async throws {
        if let attempt = job.attempt, attempt.isHeld {
            let text = try await parts.store.value(HoldWish.key(job.id, attempt: attempt.number))
            if let wish = text.flatMap(HoldWish.init(stored:)) { mailbox.post(.event(wish.event)) }
        }
        guard job.cancelRequestedAt != nil else { return }
        mailbox.requestCancel()
        if try await parts.store.value(JobRecord.forgetKey(job.id)) != nil { mailbox.requestForget() }
    }

    private func queueClockExpired(_ job: JobRecord) -> Bool {
        guard job.attempts.isEmpty, let limit = job.definition.timeouts.queue else { return false }
        return job.submittedAt.duration(to: parts.time.now().wall) >= limit
    }

    private func lead(_ job: JobRecord, _ mailbox: AttemptMailbox) async {
        let runner = JobRunner(parts: parts, token: token, installation: installation, gate: gate)
        do {
            try await runner.run(job, mailbox)
        } catch let error as JobStoreError where error.code == .fenced {
            fenced = true
        } catch is CancellationError {
            // Stepping down: the job stays as it is stored.
        } catch {
            parts.logger.error(
                "a job stopped moving", metadata: ["job": "\(job.id)", "error": "\(error)"])
            // Not tried again in a tight loop; the next wake does.
            try? await parts.time.sleep(for: .seconds(2))
        }
        active[job.id] = nil
        activeSubmissions[job.id] = nil
        parts.observer.changed(job.id)
        wake()
    }
}

extension HoldWish {
    fileprivate var event: AttemptEvent {
        switch self {
        case .release: .holdReleased
        case .extend(let end): .holdExtended(to: end)
        }
    }
}
