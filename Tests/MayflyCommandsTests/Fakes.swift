import Foundation
import Keeper
import MayflyCore
import Synchronization

@testable import MayflyCommands

/// A store whose rows a test moves by hand. What a follower never asks for is refused.
final class FakeStore: JobStore {
    private struct State {
        var rows: [JobID: JobRecord] = [:]
        var counter: Int64 = 0
        var cancelled: [JobID] = []
    }

    private let state = Mutex(State())

    func put(_ job: JobRecord) {
        state.withLock {
            $0.rows[job.id] = job
            $0.counter += 1
        }
    }

    var cancelled: [JobID] { state.withLock { $0.cancelled } }

    func job(_ id: JobID) async throws -> JobRecord? { state.withLock { $0.rows[id] } }

    func jobs(_ filter: JobFilter) async throws -> [JobRecord] {
        let all = state.withLock { $0.rows.values.sorted { $0.id < $1.id } }
        return switch filter {
        case .all: all
        case .unfinished: all.filter { !$0.isFinished }
        case .submitted(let job): all.filter { !$0.isFinished && $0.id > job }
        case .submission(let name): all.filter { $0.submission == name }
        case .watched(let now): all.filter { $0.attempts.contains { $0.mayStillArrive(at: now) } }
        case .newest(let count): all.suffix(count)
        }
    }

    func requestCancel(_ id: JobID, at time: WallTime) async throws -> Bool {
        state.withLock { $0.cancelled.append(id) }
        return true
    }

    func moveResults(_ id: JobID, to parent: String) async throws -> Bool {
        state.withLock { state in
            guard state.rows[id]?.isFinished == false else { return false }
            state.rows[id]?.resultsParent = parent
            return true
        }
    }

    func changeCounter() async throws -> Int64 { state.withLock { $0.counter } }

    func value(_ key: String) async throws -> String? { nil }

    func installation(fresh: String) async throws -> String { throw Self.refused }
    func wishes() async throws -> [JobWish] { throw Self.refused }
    func submit(
        _ jobs: [NewJob], accepting accepts: @escaping @Sendable (NewJob, JobID) throws -> Bool
    ) async throws -> [JobID] { throw Self.refused }
    func beginReign(owner: String, at time: WallTime) async throws -> FencingToken { throw Self.refused }
    func setWaiting(_ id: JobID, for reason: String?, token: FencingToken) async throws { throw Self.refused }
    func save(_ state: AttemptState, of id: JobID, token: FencingToken) async throws { throw Self.refused }
    func finish(_ id: JobID, at time: WallTime, token: FencingToken) async throws { throw Self.refused }
    func setValue(_ value: String?, for key: String) async throws { throw Self.refused }

    private static let refused = JobStoreError(code: .failed, message: "a follower must not do this")
}

/// A keeper whose life a test scripts: each `watch` ends or fails at once, the last one lasts.
final class FakeLink: KeeperLink {
    private let failures: Mutex<[String]>
    private let watches = Mutex(0)
    private let wakes = Mutex(0)

    init(failures: [String] = []) { self.failures = Mutex(failures) }

    var watchCount: Int { watches.withLock { $0 } }
    var wakeCount: Int { wakes.withLock { $0 } }

    func watch(_ jobs: [JobID], onPush: @escaping @Sendable (KeeperReply) -> Void) async throws {
        watches.withLock { $0 += 1 }
        let next = failures.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        switch next {
        case "": return
        case let message?: throw CommandError(code: .background, message: message)
        case nil: try await Task.sleep(for: .seconds(3600))
        }
    }

    func wake() async { wakes.withLock { $0 += 1 } }
}

/// Writes down what it is shown.
final class FakeView: FollowView {
    struct Shown: Sendable {
        var output: [JobLog: [UInt8]] = [:]
        var ended: [JobID] = []
        var detached: [JobID] = []
        var notices: [String] = []
        /// Bytes that had been shown when the job was reported as over.
        var outputAtEnd: [JobID: Int] = [:]
    }

    let logs: [JobLog] = [.stdout, .stderr]
    private let state = Mutex(Shown())
    private let onOutput: @Sendable () throws -> Void

    init(onOutput: @escaping @Sendable () throws -> Void = {}) { self.onOutput = onOutput }

    var shown: Shown { state.withLock { $0 } }
    var isClosed: Bool { false }

    func submitted(_ job: JobRecord) {}
    func changed(_ job: JobRecord, from previous: JobRecord?, now: Moment) {}
    func tick(_ jobs: [JobRecord], now: Moment) {}
    func ask(_ question: String?) {}
    func close() {}

    func output(_ place: LogPlace, offset: Int64, _ bytes: [UInt8]) throws {
        try onOutput()
        state.withLock { $0.output[place.log, default: []] += bytes }
    }

    func ended(_ job: JobRecord) {
        state.withLock {
            $0.outputAtEnd[job.id] = $0.output[.stdout]?.count ?? 0
            $0.ended.append(job.id)
        }
    }

    func detached(_ job: JobRecord) { state.withLock { $0.detached.append(job.id) } }
    func notice(_ text: String) { state.withLock { $0.notices.append(text) } }
}

/// A folder that goes with the test.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/mayfly-commands-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func append(_ bytes: [UInt8], to file: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(file)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: url.path) { try Data().write(to: url) }
        let handle = try FileHandle(forWritingTo: url)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }
}

/// Waits for a condition, at most ten seconds.
func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
    let deadline = ContinuousClock.now.advanced(by: .seconds(10))
    while ContinuousClock.now < deadline {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(2))
    }
    return condition()
}
