import Foundation
import Logging
import MayflyCore
import MayflyTestKit
import Testing

@testable import Orchestrator

/// A whole keeper's worth of orchestration on fakes, with the real supervisor under it.
final class World: Sendable {
    let root: String
    let cloud: FakeCloud
    let faults = HostFaults()
    let store = MemoryJobStore()
    let storage = MemoryStorage()
    let supplies: FakeSupplies
    let time: ScaledTimekeeper

    init(factor: Int = 50, listingLag: Duration = .milliseconds(500)) {
        root = "/tmp/mayfly-orchestrator-\(UUID().uuidString)"
        for folder in ["/state", "/home/work"] {
            try? FileManager.default.createDirectory(atPath: root + folder, withIntermediateDirectories: true)
        }
        cloud = FakeCloud(stateFolder: root + "/state", listingLag: listingLag)
        supplies = FakeSupplies(cloud: cloud)
        time = ScaledTimekeeper(factor: factor)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func submit(_ definitions: JobDefinition..., limit: Int = 4) async throws -> [JobID] {
        try await store.submit(definitions.map { Fixtures.newJob($0, limit: limit, at: time.now().wall) })
    }

    /// Makes an empty file in this world's folder.
    func touch(_ name: String) throws {
        try Data().write(to: URL(fileURLWithPath: "\(root)/\(name)"))
    }

    static func job(_ command: String, timeouts: Timeouts = Timeouts()) -> JobDefinition {
        var definition = Fixtures.definition(command: .shell(command), timeouts: timeouts)
        definition.secrets = []
        definition.outputs = []
        return definition
    }

    func conductor(afterCrash: Bool = false, over guilty: [String] = []) async throws -> Conductor {
        let token = try await store.beginReign(owner: "test", at: time.now().wall)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return Conductor(
            parts: ConductorParts(
                store: store, supplies: supplies, connector: ShellConnector(root: root, faults: faults),
                storage: storage, observer: Deaf(), time: time, entropy: SystemBytes(), logger: logger,
                formatTime: { String($0.rawValue) }),
            token: token, installation: Fixtures.installation, afterCrash: afterCrash, over: guilty)
    }

    /// Lets a keeper reign while `body` runs; its end is a keeper's death: no job is told.
    @discardableResult
    func reign<Result: Sendable>(
        afterCrash: Bool = false, over guilty: [String] = [], _ body: (Conductor) async throws -> Result
    ) async throws -> Result {
        let conductor = try await conductor(afterCrash: afterCrash, over: guilty)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await conductor.run() }
            defer { group.cancelAll() }
            return try await body(conductor)
        }
    }

    /// Waits for a job to satisfy a condition, with a deadline in real time.
    @discardableResult
    func wait(
        _ id: JobID, _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
        until condition: (JobRecord) -> Bool
    ) async throws -> JobRecord {
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while ContinuousClock.now < deadline {
            if let job = try await store.job(id), condition(job) { return job }
            try await Task.sleep(for: .milliseconds(5))
        }
        let job = try #require(try await store.job(id))
        Issue.record(
            "job never came to \(what): \(job.phaseWord), waits for \(job.attempt?.waitingFor ?? "nothing")",
            sourceLocation: sourceLocation)
        throw CancellationError()
    }

    func finish(_ id: JobID, sourceLocation: SourceLocation = #_sourceLocation) async throws -> AttemptState {
        let job = try await wait(id, "its end", sourceLocation: sourceLocation) { $0.isFinished }
        return try #require(job.attempt)
    }
}

actor FakeSupplies: JobSupplies {
    private let cloud: FakeCloud
    private(set) var hasToken = true

    init(cloud: FakeCloud) { self.cloud = cloud }

    func setHasToken(_ has: Bool) { hasToken = has }

    func provider(for reference: CloudReference) -> Supply<any InstanceProvider> {
        hasToken ? .ready(cloud) : .waiting("waiting for token: mayfly login")
    }

    private var hasSecrets = true
    func setHasSecrets(_ has: Bool) { hasSecrets = has }

    func secrets(of job: JobRecord) -> Supply<[EnvironmentVariable]> {
        hasSecrets ? .ready([]) : .waiting("waiting for secrets: mayfly attach \(job.id)")
    }
}

struct Deaf: JobObserver {
    func changed(_ job: JobID) {}
    func logGrew(_ job: JobID) {}
}

struct SystemBytes: Entropy {
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: .min ... .max) } }
}
