import MayflyCore
import Synchronization

/// The results folder of an attempt, made when it is first needed, and again after every trouble with it: one that is
/// unmounted or full must hold up only what writes to it, never a cancel or a destroy, and a person may send the results
/// elsewhere meanwhile.
final class AwaitedFolder: JobFolder {
    private let storage: any JobStorage
    private let store: any JobStore
    private let job: JobRecord
    private let made = Mutex<(any JobFolder)?>(nil)

    init(storage: any JobStorage, store: any JobStore, job: JobRecord) {
        self.storage = storage
        self.store = store
        self.job = job
    }

    private func folder() async throws -> any JobFolder {
        if let made = made.withLock({ $0 }) { return made }
        // Where results go is asked for only here, so that all of them go to one place.
        let folder = try await storage.folder(for: (try? await store.job(job.id)) ?? job)
        // Logs are open files: of two that were made at once, one serves.
        return made.withLock { made in
            let first = made ?? folder
            made = first
            return first
        }
    }

    private func on<Result: Sendable>(
        _ body: @Sendable (any JobFolder) async throws -> Result
    ) async throws -> Result {
        do {
            return try await body(try await folder())
        } catch {
            if !(error is CancellationError) { made.withLock { $0 = nil } }
            throw error
        }
    }

    func length(of log: JobLog) async throws -> Int64 { try await on { try await $0.length(of: log) } }
    func append(_ bytes: [UInt8], to log: JobLog) async throws { try await on { try await $0.append(bytes, to: log) } }
    func restart(_ log: JobLog) async throws { try await on { try await $0.restart(log) } }
    func seal(_ log: JobLog, bytes: Int64, sha256: String) async throws -> Bool {
        try await on { try await $0.seal(log, bytes: bytes, sha256: sha256) }
    }
    func receiveOutputs() async throws -> any OutputsReceiver {
        // A folder that vanished unnoticed would be made again in the old place.
        made.withLock { $0 = nil }
        return try await on { try await $0.receiveOutputs() }
    }
    func write(_ receipt: Receipt) async throws { try await on { try await $0.write(receipt) } }
    func setAside(attempt number: Int, _ receipt: Receipt) async throws {
        try await on { try await $0.setAside(attempt: number, receipt) }
    }
    func write(blackBox: [UInt8]) async throws { try await on { try await $0.write(blackBox: blackBox) } }
}

/// A cloud whose token is not here yet: every call says so, so that the attempt's own clocks, a cancel and a person's
/// giving up are heard meanwhile.
struct AwaitedProvider: InstanceProvider {
    let supplies: any JobSupplies
    let cloud: CloudReference

    /// Cautious: nothing is known of the cloud yet.
    let listingLag: Duration = .seconds(60)
    let settlementLag: Duration = .seconds(60)
    let pollInterval: Duration = .seconds(1)

    private func provider() async throws -> any InstanceProvider {
        switch await supplies.provider(for: cloud) {
        case .ready(let provider): return provider
        case .waiting(let reason):
            throw ProviderError(kind: .unreachable, reason: Reason(code: "no-token", message: reason))
        }
    }

    func knownAnchor() async -> String? { await (try? provider())?.knownAnchor() }
    func ensureAnchor() async throws -> String { try await provider().ensureAnchor() }
    func hasAnchor() async throws -> Bool { try await provider().hasAnchor() }
    func create(_ order: InstanceOrder) async throws -> ObservedInstance { try await provider().create(order) }
    func instance(_ id: InstanceID) async throws -> ObservedInstance? { try await provider().instance(id) }
    func instances(hostnamePrefix prefix: String) async throws -> [ObservedInstance] {
        try await provider().instances(hostnamePrefix: prefix)
    }
    func destroy(_ id: InstanceID) async throws -> DestroyAnswer { try await provider().destroy(id) }
    func absence(of id: InstanceID, anchor: String?) async throws -> Absence {
        try await provider().absence(of: id, anchor: anchor)
    }
    func sees(anchor: String?) async throws -> Bool { try await provider().sees(anchor: anchor) }
    func witnessedInstances(hostname: String, anchor: String?) async throws -> WitnessedListing {
        try await provider().witnessedInstances(hostname: hostname, anchor: anchor)
    }
    func snapshots(of id: InstanceID) async throws -> [ObservedSnapshot] { try await provider().snapshots(of: id) }
    func createSnapshot(of id: InstanceID, name: String) async throws -> ObservedSnapshot {
        try await provider().createSnapshot(of: id, name: name)
    }
    func deleteSnapshot(_ id: SnapshotID) async throws { try await provider().deleteSnapshot(id) }
}
