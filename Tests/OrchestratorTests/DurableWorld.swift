import Foundation
import JobFiles
import JobStoreSQLite
import Logging
import MayflyCore
import MayflyTestKit
import Synchronization
import Testing

@testable import Orchestrator

/// Keepers that die over what does not: the real SQLite file, the real results folder, the real supervisor and its
/// processes, and a cloud.
final class DurableWorld: Sendable {
    let base: World
    /// Where the command and setup note each time they begin.
    private let runs: String
    private let setups: String
    private let eyes = Mutex<[String: SQLiteJobStore]>([:])

    var cloud: FakeCloud { base.cloud }
    var faults: HostFaults { base.faults }
    var time: ScaledTimekeeper { base.time }
    var storePath: String { base.root + "/store.db" }

    init(factor: Int = 50, listingLag: Duration = .milliseconds(500)) {
        base = World(factor: factor, listingLag: listingLag)
        runs = base.root + "/runs"
        setups = base.root + "/setups"
    }

    /// Setup, both streams, an output and a snapshot, so that every phase is gone through.
    func job(timeouts: Timeouts = Timeouts()) -> JobDefinition {
        var definition = World.job(
            """
            echo run >> \(runs); seq 1 150; echo middle >&2; echo kept > "$MAYFLY_OUTPUTS/kept"; seq 151 300; exit 3
            """, timeouts: timeouts)
        definition.setup = "echo setup >> \(setups); echo prepared"
        definition.snapshot = SnapshotPolicy(when: .always, name: "kept")
        return definition
    }

    func openStore(_ path: String? = nil) async throws -> SQLiteJobStore {
        try await SQLiteJobStore(path: path ?? storePath)
    }

    /// The test's own connection: looking at a job is not the keeper's business.
    private func eye(_ path: String) async throws -> SQLiteJobStore {
        if let eye = eyes.withLock({ $0[path] }) { return eye }
        let eye = try await openStore(path)
        eyes.withLock { $0[path] = eye }
        return eye
    }

    func submit(_ definition: JobDefinition) async throws -> JobID {
        let job = NewJob(
            definition: definition, cloud: CloudReference(kind: .local, endpoint: ""),
            resultsParent: base.root + "/results", submission: "s1", submissionLimit: 4,
            submittedAt: time.now().wall)
        return try await eye(storePath).submit([job])[0]
    }

    /// Lets one keeper process reign until it dies, or until `isOver` says so of the job.
    /// - Returns: the job as the store has it then.
    @discardableResult
    func reign(
        _ life: Life, _ id: JobID, store opened: (any JobStore)? = nil, storePath: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation,
        until isOver: @escaping @Sendable (JobRecord) -> Bool = { $0.isFinished }
    ) async throws -> JobRecord {
        let eye = try await eye(storePath ?? self.storePath)
        let conductor: Conductor
        do {
            let store: any JobStore = if let opened { opened } else { try await openStore(storePath) }
            conductor = try await self.conductor(MortalStore(inner: store, life: life), life)
        } catch is Life.Died {
            return try #require(try await eye.job(id))
        } catch let error as JobStoreError where error.code == .failed {
            // A keeper that cannot begin ends, and the next command starts another.
            return try #require(try await eye.job(id))
        }
        let ended = await withTaskGroup(of: Bool?.self) { group in
            group.addTask {
                do { try await conductor.run() } catch {}
                return nil
            }
            group.addTask {
                await life.ended()
                return true
            }
            group.addTask {
                let deadline = ContinuousClock.now.advanced(by: .seconds(60))
                while ContinuousClock.now < deadline, !Task.isCancelled {
                    if let job = try? await eye.job(id), isOver(job) { return true }
                    try? await Task.sleep(for: .milliseconds(10))
                }
                return false
            }
            defer {
                life.die()
                group.cancelAll()
            }
            for await word in group { if let word { return word } }
            return false
        }
        let job = try #require(try await eye.job(id))
        if !ended {
            Issue.record(
                "never over: \(job.phaseWord), waits for \(job.attempt?.waitingFor ?? job.waitingFor ?? "nothing")",
                sourceLocation: sourceLocation)
        }
        return job
    }

    private func conductor(_ store: MortalStore, _ life: Life) async throws -> Conductor {
        let token = try await store.beginReign(owner: "test", at: time.now().wall)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return Conductor(
            parts: ConductorParts(
                store: store, supplies: MortalSupplies(inner: base.supplies, life: life),
                connector: MortalConnector(inner: ShellConnector(root: base.root, faults: faults), life: life),
                storage: MortalStorage(inner: LocalStorage(blobPath: { $0 }), life: life), observer: Deaf(),
                time: MortalTime(inner: time, life: life), entropy: SystemBytes(), logger: logger,
                formatTime: { String($0.rawValue) }),
            token: token, installation: Fixtures.installation)
    }

    // MARK: What must hold

    /// Whatever died and when: one run, everything here, nothing there.
    func expectPerfect(
        _ job: JobRecord, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let state = job.attempt
        let label = Comment(rawValue: what)
        #expect(job.isFinished, label, sourceLocation: sourceLocation)
        #expect(state?.outcome == .failedUser(exitCode: 3), label, sourceLocation: sourceLocation)
        #expect(
            state?.delivery == .complete, "\(what): \(state?.warnings ?? [])", sourceLocation: sourceLocation)
        #expect(state?.teardown == .clean, label, sourceLocation: sourceLocation)
        #expect(text(runs) == "run\n", label, sourceLocation: sourceLocation)
        #expect(text(setups) == "setup\n", label, sourceLocation: sourceLocation)
        let results = job.resultsFolder
        let numbers = (1...300).map { "\($0)\n" }.joined()
        #expect(text(results + "/stdout.log") == numbers, label, sourceLocation: sourceLocation)
        #expect(text(results + "/stderr.log") == "middle\n", label, sourceLocation: sourceLocation)
        #expect(text(results + "/setup.log") == "prepared\n", label, sourceLocation: sourceLocation)
        #expect(text(results + "/outputs/kept") == "kept\n", label, sourceLocation: sourceLocation)
        #expect(
            text(results + "/receipt.json")?.contains("\"exit_code\" : 3") == true, label,
            sourceLocation: sourceLocation)
        await expectNothingLeft(job, what, sourceLocation: sourceLocation)
        let kept = await cloud.snapshots.map(\.name)
        #expect(kept == ["kept"], label, sourceLocation: sourceLocation)
    }

    /// No instance lives, none was ever without a row, and no attempt had two.
    func expectNothingLeft(
        _ job: JobRecord, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let label = Comment(rawValue: what)
        let living = await cloud.living
        #expect(living.isEmpty, label, sourceLocation: sourceLocation)
        let created = await cloud.created
        #expect(Set(created).count == created.count, label, sourceLocation: sourceLocation)
        #expect(
            Set(created).isSubset(of: job.attempts.map(\.identity.description)), label, sourceLocation: sourceLocation)
    }

    /// Waits for a condition that some keeper brings about.
    func eventually(_ what: String, _ isThere: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while try await !isThere() {
            guard ContinuousClock.now < deadline else {
                Issue.record("never: \(what)")
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
    var timesRun: Int { text(runs)?.split(separator: "\n").count ?? 0 }
}
