public import MayflyCore
internal import Synchronization

/// Time that stands still until a test moves it.
public final class TestTimekeeper: Timekeeper {
    private struct Sleeper {
        let deadline: BootInstant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Moment
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>
    public let bootID: String

    public init(now: Moment = Fixtures.now, bootID: String = "boot-1") {
        state = Mutex(State(now: now))
        self.bootID = bootID
    }

    public func now() -> Moment { state.withLock { $0.now } }

    public func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let ready: [CheckedContinuation<Void, Never>]? = state.withLock { state in
                    if state.cancelled.remove(id) != nil {
                        continuation.resume(throwing: CancellationError())
                        return nil
                    }
                    guard duration > .zero else {
                        continuation.resume()
                        return nil
                    }
                    state.sleepers[id] = Sleeper(
                        deadline: state.now.boot.advanced(by: duration), continuation: continuation)
                    return Self.takeReadyWatchers(&state)
                }
                for watcher in ready ?? [] { watcher.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.cancelled.insert(id) }
                return sleeper
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Moves both clocks on and wakes, in the order of their deadlines, everyone whose time has come.
    public func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now.wall = state.now.wall.advanced(by: duration)
            state.now.boot = state.now.boot.advanced(by: duration)
            let now = state.now.boot
            let due = state.sleepers.filter { $0.value.deadline <= now }
                .sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
            for (id, _) in due { state.sleepers[id] = nil }
            return due.map(\.value.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// A wall-clock jump: the boot clock stays, and nobody wakes.
    public func jumpWall(by duration: Duration) {
        state.withLock { $0.now.wall = $0.now.wall.advanced(by: duration) }
    }

    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Returns as soon as at least `count` are asleep: the moment at which advancing is safe.
    public func waitForSleepers(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state in
                state.watchers.append((count, continuation))
                return Self.takeReadyWatchers(&state)
            }
            for watcher in ready { watcher.resume() }
        }
    }

    private static func takeReadyWatchers(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        let asleep = state.sleepers.count
        let ready = state.watchers.filter { $0.count <= asleep }.map(\.continuation)
        state.watchers.removeAll { $0.count <= asleep }
        return ready
    }
}

/// Bytes that are different every time and the same in every run of one seed (SplitMix64). Not random at all.
public final class TestEntropy: Entropy {
    private let state: Mutex<UInt64>

    public init(seed: UInt64 = 1) { state = Mutex(seed) }

    public func bytes(_ count: Int) -> [UInt8] {
        state.withLock { state in
            (0..<count).map { _ in
                state &+= 0x9E37_79B9_7F4A_7C15
                var mixed = state
                mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
                mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
                return UInt8(truncatingIfNeeded: mixed ^ (mixed >> 31))
            }
        }
    }
}
