import CloudModel
import Logging
import NIOCore
import NIOPosix

/// The one owner of the state and of the machines. It runs on a thread of its own, so its file operations may block; what
/// takes long is awaited. Every accepted request is on disk before it is answered.
///
/// Readers never get the whole model: a copy of it would make the next change copy everything.
actor CloudService {
    /// Why ``run()`` ends.
    enum End: Sendable { case stopped, stoodDown, idle, homeVanished }

    struct Environment: Sendable {
        var home: String
        var build: String
        var idleLimit: Duration
        /// Milliseconds since 1970.
        var now: @Sendable () -> Int64
        /// A fresh UUID.
        var freshID: @Sendable () -> String
    }

    let environment: Environment
    let backend: any InstanceBackend
    let logger: Logger
    private let loop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    var state: CloudState
    var store: CloudStore
    var faults: FaultEngine
    private let lockIdentity: Files.Identity?
    private var lastRequest = ContinuousClock.now
    private(set) var end: End?
    var isStopping = false

    /// Work for ``reconcile(_:)``, by instance or snapshot id.
    private let work: AsyncStream<String>
    private let workInput: AsyncStream<String>.Continuation
    private var busy: Set<String> = []
    private var again: Set<String> = []

    init(
        environment: Environment, backend: any InstanceBackend, state: CloudState, store: CloudStore,
        faults: FaultScript, loop: any EventLoop, logger: Logger
    ) {
        self.environment = environment
        self.backend = backend
        self.state = state
        self.store = store
        self.faults = FaultEngine(faults)
        self.loop = loop
        self.logger = logger
        lockIdentity = Files.Identity(environment.home + "/lock")
        (work, workInput) = AsyncStream.makeStream(of: String.self)
    }

    /// Does all work until the cloud is to end; then nothing is in flight any more, and all is in `state.json`.
    func run() async -> End {
        adopt()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.watch() }
            for await id in work {
                group.addTask { await self.drive(id) }
            }
        }
        if end != .homeVanished {
            do { try store.rewrite(state) } catch {
                logger.debug("the state could not be rewritten", metadata: ["error": "\(error)"])
            }
        }
        store.close()
        return end ?? .stoodDown
    }

    /// Notes a request (an idle cloud is one without any) and decides what happens to it. `path` is what follows
    /// `/compute/v1`; `nil` for what is not the API's.
    func admit(method: String, path: String?) -> FaultEngine.RequestFate {
        lastRequest = .now
        guard let path else { return .none }
        return faults.fate(method: method, path: path)
    }

    /// Looks at the model as it is now.
    func read<T: Sendable>(_ look: @Sendable (CloudModel, Int64) throws -> T) rethrows -> T {
        let now = environment.now()
        state.model.advance(to: now)
        return try look(state.model, now)
    }

    /// Ends ``run()``; the first reason counts.
    func finish(_ reason: End) {
        if end == nil { end = reason }
        workInput.finish()
    }

    func enqueue(_ id: String) { workInput.yield(id) }

    /// Applies a change to the model, and makes it durable before it counts. A change that throws has changed nothing.
    func commit<T: Sendable>(_ change: (inout CloudState, _ now: Int64) throws -> T) throws -> T {
        let now = environment.now()
        state.model.advance(to: now)
        keep()
        do {
            let result = try change(&state, now)
            try store.append(state)
            state.confirm()
            return result
        } catch {
            state.rollBack()
            throw error
        }
    }

    /// A change that the machines report. It has happened, so it counts even when the disk refuses it.
    func note(_ change: (inout CloudState, _ now: Int64) -> Void) {
        change(&state, environment.now())
        keep()
    }

    /// Writes down what has changed, now or with the next state that can be written.
    private func keep() {
        do { try store.append(state) } catch {
            store.noteGap()
            logger.debug("the state could not be saved", metadata: ["error": "\(error)"])
        }
        state.confirm()
    }

    // MARK: Work

    /// One worker per id at a time; a wish that comes meanwhile is looked at afterwards.
    private func drive(_ id: String) async {
        guard !busy.contains(id) else {
            again.insert(id)
            return
        }
        busy.insert(id)
        defer { busy.remove(id) }
        repeat {
            again.remove(id)
            await reconcile(id)
        } while again.contains(id) && end == nil
    }

    /// Looks every now and then whether machines live, delays are over, the home is there, and anyone needs this cloud.
    private func watch() async {
        while end == nil, !Task.isCancelled {
            let pause = state.model.nextDue.map { min(max($0 - environment.now(), 1), 200) } ?? 200
            do { try await Task.sleep(for: .milliseconds(pause)) } catch { break }
            if lockIdentity == nil || Files.Identity(environment.home + "/lock") != lockIdentity {
                return await vanish()
            }
            if let due = state.model.nextDue, due <= environment.now() {
                note { state, now in state.model.advance(to: now) }
            }
            notePowerOffs()
            guard state.model.instances.isEmpty, busy.isEmpty else { continue }
            if isStopping { return finish(.stopped) }
            if ContinuousClock.now - lastRequest >= environment.idleLimit { return finish(.idle) }
        }
        finish(.stoodDown)
    }

    private func notePowerOffs() {
        guard backend.kind != .simulated else { return }
        for instance in state.model.instances where instance.status == .active && !busy.contains(instance.id) {
            guard !backend.isAlive(instance.id) else { continue }
            logger.debug("instance powered off", metadata: ["id": "\(instance.id)"])
            note { state, now in state.model.poweredOff(instance: instance.id, now: now) }
            enqueue(instance.id)
        }
    }

    /// The home is gone: so are the instances, and then this cloud.
    private func vanish() async {
        logger.debug("the home of the local cloud has vanished")
        for machine in Array(state.machines) { await purge(machine.id) }
        finish(.homeVanished)
    }
}
