import Logging
import MayflyCore
import Orchestrator

/// One life of the keeper: the real conductor over simulated ports, and the moment at which it dies.
///
/// A crash makes every port of it dead: no effect passes any more, every call and wait throws, and its tasks unwind
/// without touching anything.
final class KeeperProcess: @unchecked Sendable {
    let number: Int
    let world: World
    let executor = SeededExecutor()
    let interruption: WorldPlan.Interruption?
    private(set) var isDead = false
    private(set) var hasEnded = false
    private var boundaries = 0
    private var root: Task<Void, Never>?
    private var conductor: Conductor?
    let startedAt: Int64
    private let boot: Int
    private let afterCrash: Bool

    /// - Parameters:
    ///   - boot: the host's boots so far; instants of another boot do not compare.
    ///   - afterCrash: whether the last keeper crashed, as against being killed.
    init(
        number: Int, boot: Int, bootedAt: Int64, afterCrash: Bool, interruption: WorldPlan.Interruption?, world: World
    ) {
        self.number = number
        self.afterCrash = afterCrash
        self.boot = boot
        self.bootedAt = bootedAt
        self.interruption = interruption
        self.world = world
        startedAt = world.clock.now
    }

    private let bootedAt: Int64

    /// How many boundaries it has passed.
    var passedBoundaries: Int { boundaries }

    func start() {
        if let interruption, case .time(let after) = interruption.moment {
            world.clock.after(after) { [weak self] in
                guard let self, !self.isDead else { return }
                self.strike(interruption, effect: nil)
            }
        }
        // The room's one unstructured task: a process, whose end the world waits for.
        root = Task(executorPreference: executor) { [self] in
            do {
                try await run()
            } catch {
                world.note("keeper ended", number, 0, "\(number): \(error)")
            }
            conductor = nil
            hasEnded = true
            world.ended(self)
        }
    }

    private func run() async throws {
        let store = SimulatedStore(keeper: self)
        let installation = try await store.installation(fresh: Base32.encode(world.entropy.bytes(8)))
        let token = try await store.beginReign(owner: "keeper \(number)", at: now().wall)
        let conductor = Conductor(
            parts: ConductorParts(
                store: store, supplies: SimulatedSupplies(keeper: self, store: store, installation: installation),
                connector: SimulatedConnector(keeper: self), storage: SimulatedStorage(keeper: self),
                observer: Deaf(), time: self, entropy: world.entropy, logger: Self.silence,
                formatTime: { String($0.rawValue) }),
            token: token, installation: installation, afterCrash: afterCrash)
        self.conductor = conductor
        try await conductor.run()
    }

    private static let silence = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

    /// A client has news.
    func wake() { conductor?.wake() }

    /// The simulation is over.
    func end() {
        isDead = true
        executor.isFrozen = false
        root?.cancel()
    }

    // MARK: Boundaries

    /// Every call of a port passes here twice: others may run in between, and a dead process gets no further.
    func pass() async throws {
        if isDead { throw CancellationError() }
        await executor.pause()
        if isDead { throw CancellationError() }
    }

    /// Does what is seen outside this process, unless the process is to die of it.
    /// - Parameters:
    ///   - travels: whether it is a request on its way to somebody who goes on without this process.
    ///   - torn: what is left of it when the process dies half way.
    func effect<Value>(
        _ name: StaticString, _ subject: Int = 0, travels: Bool = false, torn: (() -> Void)? = nil,
        _ body: @escaping () throws -> Value
    ) async throws -> Value {
        try await pass()
        let boundary = boundaries
        boundaries += 1
        world.note(name, number, subject, "keeper \(number), boundary \(boundary), subject \(subject)")
        if let interruption, interruption.moment == .boundary(boundary) {
            strike(
                interruption,
                effect: Struck(
                    does: { _ = try? body() }, travels: travels, torn: torn, world: world))
            try await pass()
        }
        let result = Result { try body() }
        await executor.pause()
        if isDead { throw CancellationError() }
        return try result.get()
    }

    private struct Struck {
        let does: () -> Void
        let travels: Bool
        let torn: (() -> Void)?
        let world: World
    }

    private func strike(_ interruption: WorldPlan.Interruption, effect: Struck?) {
        switch interruption.kind {
        case .before:
            die(interruption)
        case .after:
            effect?.does()
            die(interruption)
        case .inFlight(let delay):
            if let effect, effect.travels {
                world.flying += 1
                world.clock.after(delay) { [world] in
                    world.note("arrives late")
                    world.flying -= 1
                    effect.does()
                }
            } else {
                effect?.torn?()
            }
            die(interruption)
        case .stalled(let duration):
            world.note("stalled", number)
            executor.isFrozen = true
            world.clock.after(duration) { [weak self] in self?.thaw() }
            world.startKeeper(after: interruption.downtime, reboots: false)
        case .suspended(let duration):
            world.note("suspended", number)
            executor.isFrozen = true
            world.clock.after(duration) { [weak self] in self?.thaw() }
        }
    }

    private func thaw() {
        world.note("goes on", number)
        executor.isFrozen = false
    }

    /// What a machine sent ends the process.
    func crash() {
        guard !isDead else { return }
        world.note("crashes", number, 0, "keeper \(number)")
        isDead = true
        world.crashed(self)
        root?.cancel()
    }

    private func die(_ interruption: WorldPlan.Interruption) {
        world.note("dies", number, 0, "keeper \(number): \(interruption)")
        isDead = true
        world.startKeeper(after: interruption.downtime, reboots: interruption.reboots)
        root?.cancel()
    }
}

extension KeeperProcess: Timekeeper {
    func now() -> Moment {
        Moment(
            wall: world.wall, boot: BootInstant(rawValue: 60_000 + (world.clock.now - bootedAt) / 1000))
    }

    var bootID: String { "boot-\(boot)" }

    func sleep(for duration: Duration) async throws {
        if isDead { throw CancellationError() }
        try await world.clock.sleep(until: world.clock.now + max(0, VirtualClock.microseconds(duration)))
        if isDead { throw CancellationError() }
    }
}

private struct Deaf: JobObserver {
    func changed(_ job: JobID) {}
    func logGrew(_ job: JobID) {}
}

/// Nonces.
final class SeededEntropy: Entropy, @unchecked Sendable {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed, stream: 1) }

    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
}
