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
    private let afterCrash: Bool
    private let guilty: [String]
    private let gate: AttachGate
    private let timers: Timers
    private let runner: JobRunner
    private var active: [JobID: AttemptMailbox] = [:]
    private var queue = JobQueue()
    /// The greatest number that was read: what the store has beyond it is news.
    private var newest = JobID(rawValue: 0)
    /// Whether instances of finished jobs may yet turn up: somebody must be there to see them.
    private var isWatching = false
    /// Whether the store is to be looked at.
    private let hasNews = Mark()
    private let wakes: AsyncStream<Void>
    private let wakeContinuation: AsyncStream<Void>.Continuation
    private var fenced = false
    /// Jobs whose rows could not be read: said once, and led when they can be.
    private var unreadable: Set<JobID> = []

    /// - Parameters:
    ///   - afterCrash: whether the last keeper crashed, as against being killed or standing down.
    ///   - guilty: hostnames of the machines whose bytes it was handling then, as far as it could tell.
    package init(
        parts: ConductorParts, token: FencingToken, installation: String, afterCrash: Bool = false,
        over guilty: [String] = []
    ) {
        self.parts = parts
        self.token = token
        self.afterCrash = afterCrash
        self.guilty = guilty
        gate = AttachGate(store: parts.store, time: parts.time, token: token, logger: parts.logger)
        timers = Timers(parts.time)
        runner = JobRunner(parts: parts, token: token, installation: installation, gate: gate, timers: timers)
        (wakes, wakeContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// There is news in the store, or supplies have arrived.
    package nonisolated func wake() {
        hasNews.set(true)
        wakeContinuation.yield()
    }

    package var runningJobs: [JobID] { active.keys.sorted() }
    package var waitingJobs: [JobID] { queue.waitingJobs }
    package var isIdle: Bool { active.isEmpty && queue.isEmpty && !isWatching }

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
            group.addTask { [timers] in try await timers.run() }
            wake()
            for await _ in wakes {
                if fenced { break }
                var wishes: [JobWish] = []
                if hasNews.isSet {
                    hasNews.set(false)
                    do {
                        wishes = try await look()
                    } catch let error as JobStoreError {
                        // Jobs that run go on; the queue is looked at again with the next wake.
                        parts.logger.error("the queue cannot be read", metadata: ["error": "\(error)"])
                    }
                }
                for (job, mailbox) in start() {
                    group.addTask { [self] in await lead(job, mailbox) }
                }
                for wish in wishes { passOn(wish) }
            }
            group.cancelAll()
        }
    }

    /// Reads what the store has that is not known yet, which is little, however many jobs there are.
    private func look() async throws -> [JobWish] {
        let store = parts.store
        let jobs = try await store.jobs(.submitted(after: newest))
        try await gate.open(afterCrash: afterCrash, guilty: guilty, over: jobs)
        // A job whose row cannot be read is said once and left alone; all others go on.
        for job in try await store.unreadableJobs(.submitted(after: newest)) { leave(job.id, job.advice) }
        for job in jobs { queue.add(job) }
        newest = jobs.last?.id ?? newest
        for job in unreadable.sorted() { await retry(job) }
        let wishes = try await store.wishes()
        for case .cancel(let job) in wishes { queue.hurry(job) }
        let now = parts.time.now().wall
        queue.hurryExpired(at: now)
        // Asked only where nothing else keeps the keeper.
        if active.isEmpty, queue.isEmpty { isWatching = try await !store.jobs(.watched(at: now)).isEmpty }
        return wishes
    }

    private func leave(_ job: JobID, _ advice: String) {
        guard unreadable.insert(job).inserted else { return }
        parts.logger.error("a job cannot be read", metadata: ["job": "\(job)", "advice": "\(advice)"])
    }

    private func retry(_ job: JobID) async {
        guard let record = try? await parts.store.job(job) else { return }
        unreadable.remove(job)
        if !record.isFinished { queue.add(record) }
    }

    /// The jobs to start now, in order of their numbers.
    private func start() -> [(JobID, AttemptMailbox)] {
        queue.start().map { job in
            let mailbox = AttemptMailbox()
            active[job] = mailbox
            return (job, mailbox)
        }
    }

    /// A person's wish, durable in the store: to let go of what is held or to hold it longer, to let a command run longer, to
    /// cancel, or beyond that to end without proof. Passed on at every look, because what it finds may be able to follow it only later.
    private func passOn(_ wish: JobWish) {
        switch wish {
        case .cancel(let job): active[job]?.requestCancel()
        case .forget(let job): active[job]?.requestForget()
        case .hold(let job, let attempt, let wish): active[job]?.post(.wish(attempt: attempt, wish.event))
        case .run(let job, let attempt, let wish):
            active[job]?.post(.wish(attempt: attempt, .runExtensionWished(to: wish.end)))
        }
    }

    private func lead(_ job: JobID, _ mailbox: AttemptMailbox) async {
        var isOver = false
        do {
            try await runner.run(job, mailbox)
            isOver = true
        } catch {
            isOver = await hasEnded(job, by: error)
        }
        active[job] = nil
        if isOver { queue.ended(job) } else { queue.putBack(job) }
        parts.observer.changed(job)
        if active.isEmpty, queue.isEmpty {
            // What it has left behind may have to be watched for: the next look tells.
            isWatching = true
            hasNews.set(true)
        }
        wakeContinuation.yield()
    }
}

extension Conductor {
    /// Whether the job is not to be led again. Never inlined: its room would be kept for as long as the job lasts.
    @inline(never)
    private func hasEnded(_ job: JobID, by error: any Error) async -> Bool {
        switch error {
        case let error as JobStoreError where error.code == .fenced: fenced = true
        case let error as JobStoreError where error.code == .unreadable:
            leave(job, error.message)
            return true
        // Stepping down: the job stays as it is stored.
        case is CancellationError: break
        default:
            parts.logger.error("a job stopped moving", metadata: ["job": "\(job)", "error": "\(error)"])
            // Not tried again in a tight loop; the next wake does.
            try? await parts.time.sleep(for: .seconds(2))
        }
        return false
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
