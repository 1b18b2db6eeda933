import MayflyCore

/// A whole history of keepers, cloud, instances and clients, run from one plan in virtual time.
package final class World: @unchecked Sendable {
    /// Milliseconds since 1970 at which every simulation begins.
    static let epoch: Int64 = 1_800_000_000_000

    let plan: WorldPlan
    let clock = VirtualClock()
    let entropy: SeededEntropy
    private(set) var disk: SimulatedDisk! = nil
    let results = ResultsDisk()
    private(set) var cloud: SimulatedCloud! = nil
    private(set) var check: Check! = nil
    private var trace: Trace
    private var choices: SeededRandom
    private var draws: SeededRandom
    private var keepers: [KeeperProcess] = []
    private var keepersMade = 0
    private var boots = 1
    private var bootedAt: Int64 = 0
    private var wallOffset: Int64 = 0
    /// Requests of dead keepers that have yet to arrive.
    var flying = 0
    var requests = 0
    private var pending = 0
    private var violations: [String] = []
    private(set) var isForeign = false
    private var steps = 0
    private var hasSubmitted = 0
    private var seenHeld: Set<String> = []
    private var commitsAsked = 0
    private var connections = 0

    /// - Parameter keepsLines: whether the history is kept to be read.
    package init(_ plan: WorldPlan, keepsLines: Bool = false) {
        self.plan = plan
        trace = Trace(keepsLines: keepsLines)
        entropy = SeededEntropy(seed: plan.seed)
        choices = SeededRandom(seed: plan.seed, stream: 2)
        draws = SeededRandom(seed: plan.seed, stream: 3)
        disk = SimulatedDisk { [unowned self] in violate($0) }
        cloud = SimulatedCloud(world: self)
        check = Check(world: self)
        disk.inspect = { [unowned self] in check.saved($0) }
    }

    var wall: WallTime { WallTime(rawValue: Self.epoch + clock.now / 1000 + wallOffset) }

    // MARK: Chance

    /// True in so many cases of a thousand.
    func draw(_ permille: Int) -> Bool { permille > 0 && draws.chance(permille) }
    /// A number of `0..<count`.
    func pick(_ count: Int) -> Int { plan.shuffles ? draws.below(count) : count / 2 }
    /// In what pieces `count` bytes arrive.
    func chunk(of count: Int) -> Int {
        plan.shuffles && count > 1 && draws.chance(300) ? 1 + draws.below(count) : count
    }

    func failsCommit() -> Bool {
        commitsAsked += 1
        return plan.failingCommit == commitsAsked - 1 || draw(plan.storeFaults)
    }

    /// How many bytes a new connection carries before it is cut; `nil` without end.
    func connectionBudget() -> Int? {
        connections += 1
        if connections == 1, let first = plan.firstCutAfter { return first }
        return draw(plan.cuts) ? pick(plan.cutWithin) : nil
    }

    // MARK: What happened

    func note(
        _ name: StaticString, _ first: Int = 0, _ second: Int = 0, _ words: @autoclosure () -> String = ""
    ) {
        trace.note(name, at: clock.now, first, second, words())
    }

    func violate(_ words: String) {
        note("VIOLATION", 0, 0, words)
        if violations.count < 20 { violations.append(words) }
    }

    // MARK: Keepers

    func startKeeper(after delay: Duration, reboots: Bool) {
        if reboots { boots += 1 }
        pending += 1
        clock.after(delay) { [self] in
            pending -= 1
            if reboots {
                bootedAt = clock.now
                results.losePower()
            }
            let number = keepersMade
            keepersMade += 1
            let keeper = KeeperProcess(
                number: number, boot: boots, bootedAt: bootedAt, afterCrash: hasCrashed,
                interruption: plan.interruptions.indices.contains(number) ? plan.interruptions[number] : nil,
                world: self)
            hasCrashed = false
            note("keeper starts", number)
            keepers.append(keeper)
            keeper.start()
        }
    }

    func ended(_ keeper: KeeperProcess) {
        // One that stood back leaves another; one that nobody follows is started again, as the next client would.
        guard !isOver, !keeper.isDead, keeper === keepers.last else { return }
        startKeeper(after: .seconds(1), reboots: false)
    }

    /// What crashes beside another that reigns leaves nobody to be followed.
    func crashed(_ keeper: KeeperProcess) {
        guard keeper === keepers.last else { return }
        hasCrashed = true
        if pending == 0 { startKeeper(after: .milliseconds(200), reboots: false) }
    }

    /// Whether the last keeper crashed, as against being killed.
    private var hasCrashed = false

    private var isOver = false

    /// Called once in every virtual minute, by whoever measures.
    package var everyMinute: (() -> Void)?

    private func tickMinutes() {
        guard everyMinute != nil else { return }
        clock.after(.seconds(60)) { [self] in
            everyMinute?()
            tickMinutes()
        }
    }

    /// How many connections were made since the last keeper's start.
    private var connectedJobs = 0
    private(set) var connectedAt: Int64 = 0

    /// A keeper has logged in somewhere.
    func hasConnected() {
        connectedJobs += 1
        connectedAt = clock.now
    }

    // MARK: Running

    /// Runs as ``run()`` does, and measures the real time of a span of virtual time.
    /// - Returns: with it, when the last of the connections within the span was made, counted from its beginning.
    package func run(measuringAt begin: Duration, _ end: Duration) -> WorldReport {
        var began = ContinuousClock.now
        var measured = Duration.zero
        var reattached: Duration?
        clock.after(begin) { [self] in
            began = .now
            connectedJobs = 0
        }
        clock.after(end) { [self] in
            measured = began.duration(to: .now)
            if connectedJobs >= plan.jobs.count {
                reattached = .microseconds(connectedAt) - begin
            }
        }
        var report = run()
        report.measured = measured
        report.reattached = reattached
        return report
    }

    /// Runs to the rest after everything, or to the limits of patience.
    package func run() -> WorldReport {
        startKeeper(after: .zero, reboots: false)
        schedule()
        tickMinutes()
        let limit = VirtualClock.microseconds(.seconds(4 * 24 * 3600))
        loop: while true {
            while takeStep() {
                steps += 1
                if steps > 5_000_000 {
                    violate("no end after \(steps) steps")
                    break loop
                }
                if !violations.isEmpty { break loop }
            }
            if isAtRest { break }
            guard clock.advance() else {
                violate("nothing happens any more")
                break
            }
            if clock.now > limit {
                violate("no rest after four days: \(unrest)")
                break
            }
        }
        if violations.isEmpty { check.atRest() }
        end()
        let report = report()
        // They all know each other.
        keepers = []
        clock.clear()
        cloud = nil
        return report
    }

    private var unrest: String {
        let jobs = disk.jobs(.unfinished).map { "job \($0.id) \($0.phaseWord): \($0.attempt?.waitingFor ?? "-")" }
        return (jobs + cloud.leftovers).joined(separator: ", ")
    }

    private var isAtRest: Bool {
        guard disk.isAllFinished, hasSubmitted == plan.jobs.count, flying == 0, pending == 0 else { return false }
        guard !keepers.contains(where: { !$0.hasEnded && $0.executor.isFrozen }) else { return false }
        return !keepers.isEmpty && cloud.isEmpty
    }

    private func takeStep() -> Bool {
        // As a rule there is one.
        if keepers.count == 1 {
            let executor = keepers[0].executor
            let total = executor.readyCount
            guard total > 0 else { return false }
            let index = plan.shuffles ? choices.below(total) : 0
            if total > 1 { trace.mixIn(choice: index, of: total) }
            executor.run(index)
            return true
        }
        var total = 0
        for keeper in keepers { total += keeper.executor.readyCount }
        guard total > 0 else {
            if keepers.count > 1, let last = keepers.last {
                keepers = keepers.filter { !$0.hasEnded || $0 === last }
            }
            return false
        }
        var index = plan.shuffles ? choices.below(total) : 0
        if total > 1 { trace.mixIn(choice: index, of: total) }
        for keeper in keepers {
            let count = keeper.executor.readyCount
            if index < count {
                keeper.executor.run(index)
                return true
            }
            index -= count
        }
        return false
    }

    /// Ends every process, so that none of its tasks is left behind.
    private func end() {
        isOver = true
        for keeper in keepers { keeper.end() }
        var turns = 0
        while turns < 5_000_000 {
            if takeStep() {
                turns += 1
            } else if keepers.allSatisfy(\.hasEnded) || !clock.advance() {
                break
            }
        }
        if !keepers.allSatisfy(\.hasEnded) { violate("a dead keeper's tasks never end") }
    }

    private func schedule() {
        for (index, job) in plan.jobs.enumerated() {
            guard job.submittedAfter > .zero else {
                submit(index)
                continue
            }
            clock.after(job.submittedAfter) { [self] in submit(index) }
        }
        for jump in plan.wallJumps {
            clock.after(jump.after) { [self] in
                note("the wall clock jumps", 0, 0, "by \(jump.by)")
                wallOffset += jump.by.milliseconds
            }
        }
        if let row = plan.unreadable {
            clock.after(row.after) { [self] in
                note("a row cannot be read", row.job)
                disk.unreadable.insert(row.job)
            }
            clock.after(row.after + row.lasts) { [self] in
                note("the row can be read again", row.job)
                disk.unreadable.remove(row.job)
            }
        }
        if let foreign = plan.foreignToken {
            clock.after(foreign.after) { [self] in
                note("another account's token")
                isForeign = true
            }
            clock.after(foreign.after + foreign.lasts) { [self] in
                note("the right token again")
                isForeign = false
            }
        }
    }

    private func submit(_ index: Int) {
        let job = plan.jobs[index]
        let ids = disk.submit(
            [
                NewJob(
                    definition: job.definition, cloud: CloudReference(kind: .local, endpoint: ""),
                    resultsParent: "/results", submission: "s", submissionLimit: plan.submissionLimit, submittedAt: wall
                )
            ], accepting: { _, _ in true })
        hasSubmitted += 1
        note("submitted", index)
        wakeKeepers()
        guard let cancelled = job.cancelledAfter, let id = ids.first else { return }
        clock.after(cancelled) { [self] in
            note("cancelled", index)
            _ = disk.requestCancel(id, at: wall)
            wakeKeepers()
        }
    }

    /// An instance is held. A person who looks for what is held finds it, and may want something of it.
    func isHeld(_ state: AttemptState) {
        let place = Int(state.identity.job.rawValue) - 1
        guard seenHeld.insert(state.identity.description).inserted else { return }
        for wish in plan.jobs[place].holdWishes {
            clock.after(wish.after) { [self] in
                guard let attempt = disk.jobs[place].attempt, attempt.number == state.number, attempt.isHeld,
                    let hold = attempt.hold
                else { return }
                if wish.extendsBy == nil { check.released.insert(state.identity.description) }
                let wanted = wish.extendsBy.map { HoldWish.extend(to: hold.endsAt.advanced(by: $0)) } ?? .release
                note("wanted", place, state.number, wanted.stored)
                disk.setValue(wanted.stored, for: HoldWish.key(state.identity.job, attempt: state.number))
                if wish.isAnnounced { wakeKeepers() }
            }
        }
    }

    private func wakeKeepers() { for keeper in keepers where !keeper.isDead { keeper.wake() } }

    private func report() -> WorldReport {
        WorldReport(
            seed: plan.seed, digest: trace.digest, violations: violations, trace: trace.lines, steps: steps,
            elapsed: .microseconds(clock.now), jobs: plan.jobs.count, commits: disk.commits,
            keepers: keepersMade, boundaries: keepers.last?.passedBoundaries ?? 0, requests: requests)
    }
}

/// How one simulation went.
package struct WorldReport: Sendable {
    package var seed: UInt64
    /// Of the whole history.
    package var digest: UInt64
    /// What did not hold; empty in a good world.
    package var violations: [String]
    /// The history in words, where it was asked for.
    package var trace: [String]
    package var steps: Int
    /// In virtual time.
    package var elapsed: Duration
    package var jobs: Int
    /// Durable writes that moved jobs.
    package var commits: Int
    package var keepers: Int
    /// How many effects the last keeper had.
    package var boundaries: Int
    /// How many requests the cloud was sent.
    package var requests: Int
    package var measured = Duration.zero
    package var reattached: Duration?
}
