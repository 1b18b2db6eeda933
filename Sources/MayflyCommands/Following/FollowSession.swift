import MayflyCore

/// What one follower knows while it follows, and how it takes each event.
struct FollowSession {
    let follower: Follower
    let jobs: [JobID]
    let pump: LogPump
    let events: AsyncStream<FollowEvent>.Continuation
    var rows: [JobID: JobRecord] = [:]
    /// Followed no longer: ended, or given up.
    var ended: Set<JobID> = []
    /// Logs are being drained for the last time.
    private var ending: Set<JobID> = []
    var isAsking = false
    private var counter: Int64?
    private var lastTrouble: String?

    init(follower: Follower, jobs: [JobID], pump: LogPump, events: AsyncStream<FollowEvent>.Continuation) {
        self.follower = follower
        self.jobs = jobs
        self.pump = pump
        self.events = events
    }

    var view: any FollowView { follower.view }
    var isOver: Bool { ended.count == jobs.count }
    var open: [JobRecord] { jobs.filter { !ended.contains($0) }.compactMap { rows[$0] } }

    var exitCode: Int32 {
        ExitCode.of(jobs.map { rows[$0]?.exitStatus ?? ExitCode.internalError })
    }

    mutating func begin() async throws {
        for job in jobs {
            guard let row = try await follower.store.job(job) else {
                throw CommandError(code: .noSuchJob, message: "there is no job \(job); `mayfly ls -a` lists all")
            }
            pump.add(row, logs: view.logs, onlyNew: follower.options.onlyNewOutput)
            try await take(row)
        }
    }

    /// - Returns: an exit code when following ends here.
    mutating func handle(_ event: FollowEvent) async throws -> Int32? {
        switch event {
        case .tick:
            do {
                try await tick()
            } catch let error as JobStoreError where error.code == .failed {
                try await say("the store cannot be read just now: \(error); trying again")
            }
        case .changed(let job):
            lastTrouble = nil
            if let row = try await follower.store.job(job) { try await take(row) }
        case .keeperGone:
            try await say("the keeper has gone; looking for another one (no job is touched by that)")
        case .keeperUnreachable(let why):
            try await say("no keeper can be reached: \(why); trying again")
        case .interrupt(let interrupt):
            return try await interrupted(interrupt)
        case .key(let key):
            return try await answered(key)
        case .drained(let job):
            try await finish(job)
        }
        return nil
    }

    private mutating func tick() async throws {
        // A keeper may be gone or silent: the store is the truth, and asking whether it changed is cheap.
        let counter = try await follower.store.changeCounter()
        if counter != self.counter {
            self.counter = counter
            for job in jobs where !ended.contains(job) {
                if let row = try await follower.store.job(job) { try await take(row) }
            }
        }
        pump.nudgeAll()
        let now = follower.time.now()
        for row in open where isOverdue(row, now) { end(row.id) }
        if try await offload({ [view, open] in
            view.tick(open, now: now)
            return view.isClosed
        }) {
            follower.interrupts.arrived(.outputClosed)
        }
    }

    private mutating func take(_ row: JobRecord) async throws {
        guard !ended.contains(row.id) else { return }
        let previous = rows[row.id]
        rows[row.id] = row
        if previous != row {
            let now = follower.time.now()
            try await offload { [view] in try view.changed(row, from: previous, now: now) }
        }
        pump.followAttempts(of: row)
        if row.isFinished { end(row.id) } else { pump.nudge(row.id) }
    }

    private mutating func end(_ job: JobID) {
        if ending.insert(job).inserted { pump.end(job) }
    }

    private func isOverdue(_ row: JobRecord, _ now: Moment) -> Bool {
        guard let began = row.teardownBegan, let attempt = row.attempt else { return false }
        return attempt.elapsed(since: began, now: now, bootID: follower.time.bootID) > follower.options.destroyWait
    }

    private mutating func finish(_ job: JobID) async throws {
        guard let row = rows[job], ended.insert(job).inserted else { return }
        try await offload { [view] in try view.ended(row) }
        if !row.isFinished {
            let waits = row.waitText.map { " (\($0))" } ?? ""
            try await say(
                "\(row.title): its instance is not provably gone after "
                    + "\(TimeText.limit(follower.options.destroyWait))\(waits); the keeper goes on until it is: "
                    + "`mayfly attach \(job)`, `mayfly audit`")
        }
    }

    /// The same trouble is told once until something changes.
    mutating func say(_ text: String) async throws {
        guard text != lastTrouble else { return }
        lastTrouble = text
        try await offload { [view] in try view.notice(text) }
    }
}
