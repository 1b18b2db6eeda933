import MayflyCore

/// An instance from the inside: what the supervisor and the job's command do there, as a function of time.
final class SimulatedMachine: @unchecked Sendable {
    /// A stage whose latch is taken.
    struct Run {
        let began: Int64
        let duration: Int64
        let pieces: Int64
        let stdout: [UInt8]
        let stderr: [UInt8]
        var ends: Int64
        var result: String
        /// Its supervisor dies half way, and nobody seals.
        let dies: Bool

        /// From the command's end to the seal.
        static let drain: Int64 = 20_000

        var sealed: Int64 { dies ? .max : ends + Run.drain }

        /// Whether the stage's supervisor has gone, with or without a seal.
        func isOver(_ now: Int64) -> Bool { dies ? now >= ends : now >= sealed }

        /// How much of a log of `total` bytes is written.
        func written(_ total: Int, _ now: Int64) -> Int {
            let elapsed = min(now, ends) - began
            if elapsed >= duration { return total }
            return Int(Int64(total) * (elapsed * pieces / max(1, duration)) / pieces)
        }

        /// The next moment at which something about it changes.
        func next(after now: Int64) -> Int64 {
            if now >= ends { return max(now + 1, sealed == .max ? ends : sealed) }
            let piece = (now - began) * pieces / max(1, duration) + 1
            let written = began + (piece * duration + pieces - 1) / pieces
            return min(max(now + 1, written), ends)
        }

        var outLength: Int { written(stdout.count, ends) }
        var errLength: Int { written(stderr.count, ends) }

        /// The line of the status file.
        var seal: String {
            let out = Array(stdout.prefix(outLength))
            let err = Array(stderr.prefix(errLength))
            return "\(result) stdout \(out.count) \(Digest.hex(out)) stderr \(err.count) \(Digest.hex(err))"
        }
    }

    let id: String
    let hostname: String
    let nonce: String
    /// Whose attempt it is; `nil` for an instance that no plan knows.
    let job: Int?
    let world: World
    private(set) var isOn = true
    private(set) var answersFrom: Int64 = .max
    private var runs: [String: Run] = [:]
    private var stops: Set<String> = []
    private var starting: [String: Int] = [:]
    private var waiters: [VirtualClock.Alarm] = []
    private(set) var uploaded = false
    let outputs: [UInt8]

    init(id: String, hostname: String, name: String, world: World) {
        self.id = id
        self.hostname = hostname
        self.world = world
        let identity = AttemptIdentity(hostname: hostname)
        nonce = identity?.nonce ?? ""
        job = identity.map { Int($0.job.rawValue) - 1 }.flatMap { world.plan.jobs.indices.contains($0) ? $0 : nil }
        outputs = job.map { Self.bytes(world.plan.jobs[$0].work.outputBytes, salt: UInt64($0) &* 77 &+ 5) } ?? []
    }

    var work: WorldPlan.Work { job.map { world.plan.jobs[$0].work } ?? WorldPlan.Work() }

    static func bytes(_ count: Int, salt: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: salt, stream: 9)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    // MARK: Life

    func answers(after delay: Duration) {
        answersFrom = world.clock.now + VirtualClock.microseconds(delay)
    }

    var isReachable: Bool { isOn && world.clock.now >= answersFrom }

    func powerOff() {
        isOn = false
        changed()
    }

    /// First boot's timer: half an hour after the expiry in its name it shuts itself down, whatever anybody knows of it.
    func shutsDown(in name: String, _ act: @escaping () -> Void) {
        guard let expiry = AttemptIdentity(hostname: hostname)?.expiry(inName: name) else { return }
        let left = expiry.rawValue - World.epoch - world.clock.now / 1000
        world.clock.after(.milliseconds(max(0, left)) + .seconds(1800)) { [weak self] in
            guard self?.isOn == true else { return }
            act()
        }
    }

    /// Waits for the machine to change, or for a moment.
    func wait(until due: Int64?) async throws {
        try await world.clock.sleep(until: due) { self.waiters.append($0) }
    }

    /// Wakes whoever looks at it.
    func changed() {
        let ringing = waiters
        waiters.removeAll(keepingCapacity: true)
        for alarm in ringing { alarm.ring() }
    }

    // MARK: The supervisor

    func run(of stage: String) -> Run? { runs[stage] }

    var startupEnds: Int64 {
        answersFrom == .max ? .max : answersFrom + VirtualClock.microseconds(work.startup)
    }

    /// Takes the latch, unless another request has. Called once its supervisor has prepared everything.
    /// - Returns: the line that answers the request.
    func start(_ stage: String, limit: Duration?) -> String {
        if runs[stage] != nil { return "already-started" }
        if stops.contains(stage) { return "cannot-start it was stopped before it began" }
        guard isOn else { return "" }
        let work = work
        let isSetup = stage == "setup"
        let salt = UInt64(job ?? 0) &* 1000 &+ (isSetup ? 1 : 2)
        let began = world.clock.now
        let planned = VirtualClock.microseconds(isSetup ? work.setup : work.duration)
        var ends = began + planned
        var result = "exit \(isSetup ? work.setupExit : work.exitCode)"
        if let limit, began + VirtualClock.microseconds(limit) < ends {
            ends = began + VirtualClock.microseconds(limit)
            result = "timeout"
        }
        let dies = !isSetup && work.supervisorDies
        if dies { ends = min(ends, began + planned / 2) }
        runs[stage] = Run(
            began: began, duration: planned, pieces: Int64(max(1, work.pieces)),
            stdout: Self.bytes(work.stdoutBytes, salt: salt),
            stderr: isSetup ? [] : Self.bytes(work.stderrBytes, salt: salt &+ 7), ends: ends, result: result,
            dies: dies)
        if !isSetup { world.check.commandRan(hostname, on: id) }
        world.note("started", job ?? 0, isSetup ? 0 : 1, "\(stage) on \(id) (\(hostname))")
        changed()
        return "started"
    }

    func stop(_ stage: String) {
        stops.insert(stage)
        let now = world.clock.now
        if var run = runs[stage], now < run.ends, !run.dies {
            run.ends = min(run.ends, now + (work.obeys ? 100_000 : 10_000_000))
            run.result = "stopped"
            runs[stage] = run
        }
        changed()
    }

    /// The answer to `wait`, or `nil` while the stage's supervisor lives.
    func status(of stage: String) -> String? {
        guard let run = runs[stage] else { return stops.contains(stage) ? "stopped" : "unknown" }
        guard run.isOver(world.clock.now) else { return nil }
        return run.dies ? "unknown" : run.seal
    }

    func upload() { uploaded = true }

    /// What `collect` streams: a length, the bytes, their digest.
    var collection: [UInt8] {
        let count = UInt64(outputs.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } + outputs
            + (0..<8).map { UInt8(truncatingIfNeeded: Digest.of(outputs) >> ($0 * 8)) }
    }
}
