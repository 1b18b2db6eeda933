import MayflyCore

/// The results folder of an attempt that another keeper began, made when it is first needed: one that is unmounted or
/// full must hold up only what writes to it, never a cancel or a destroy.
actor AwaitedFolder: JobFolder {
    private let storage: any JobStorage
    private let job: JobRecord
    private var made: (any JobFolder)?

    init(storage: any JobStorage, job: JobRecord) {
        self.storage = storage
        self.job = job
    }

    private func folder() async throws -> any JobFolder {
        if let made { return made }
        let folder = try await storage.folder(for: job)
        // Logs are open files: of two that were made at once, one serves.
        if let made { return made }
        made = folder
        return folder
    }

    func length(of log: JobLog) async throws -> Int64 { try await folder().length(of: log) }
    func append(_ bytes: [UInt8], to log: JobLog) async throws { try await folder().append(bytes, to: log) }
    func restart(_ log: JobLog) async throws { try await folder().restart(log) }
    func seal(_ log: JobLog, bytes: Int64, sha256: String) async throws -> Bool {
        try await folder().seal(log, bytes: bytes, sha256: sha256)
    }
    func receiveOutputs() async throws -> any OutputsReceiver { try await folder().receiveOutputs() }
    func write(_ receipt: Receipt) async throws { try await folder().write(receipt) }
    func setAside(attempt number: Int, _ receipt: Receipt) async throws {
        try await folder().setAside(attempt: number, receipt)
    }
    func write(blackBox: [UInt8]) async throws {
        try await folder().write(blackBox: blackBox)
    }
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
