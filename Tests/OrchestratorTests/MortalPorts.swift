import MayflyCore

/// The ports of a keeper that dies: see ``Life``.
struct MortalStore: JobStore {
    let inner: any JobStore
    let life: Life

    func installation(fresh: String) async throws -> String { try await inner.installation(fresh: fresh) }
    func submit(
        _ jobs: [NewJob], accepting accepts: @escaping @Sendable (NewJob, JobID) throws -> Bool
    ) async throws -> [JobID] { try await inner.submit(jobs, accepting: accepts) }
    func changeCounter() async throws -> Int64 { try await inner.changeCounter() }

    func job(_ id: JobID) async throws -> JobRecord? {
        try await life.around("read job") { try await inner.job(id) }
    }
    func jobs(_ filter: JobFilter) async throws -> [JobRecord] {
        try await life.around("read jobs") { try await inner.jobs(filter) }
    }
    func wishes() async throws -> [JobWish] {
        try await life.around("read wishes") { try await inner.wishes() }
    }
    func requestCancel(_ id: JobID, at time: WallTime) async throws -> Bool {
        try await life.around("store cancel") { try await inner.requestCancel(id, at: time) }
    }
    func moveResults(_ id: JobID, to parent: String) async throws -> Bool {
        try await life.around("store results") { try await inner.moveResults(id, to: parent) }
    }
    func beginReign(owner: String, at time: WallTime) async throws -> FencingToken {
        try await life.around("begin reign") { try await inner.beginReign(owner: owner, at: time) }
    }
    func setWaiting(_ id: JobID, for reason: String?, token: FencingToken) async throws {
        try await life.around("store waiting") { try await inner.setWaiting(id, for: reason, token: token) }
    }
    func save(_ state: AttemptState, of id: JobID, token: FencingToken) async throws {
        try await life.around("store \(Self.word(state))") { try await inner.save(state, of: id, token: token) }
    }
    func finish(_ id: JobID, at time: WallTime, token: FencingToken) async throws {
        try await life.around("store finished") { try await inner.finish(id, at: time, token: token) }
    }
    func value(_ key: String) async throws -> String? {
        try await life.around("read fact") { try await inner.value(key) }
    }
    func setValue(_ value: String?, for key: String) async throws {
        try await life.around("store fact") { try await inner.setValue(value, for: key) }
    }

    /// A phase, and in `running` whether the command's start is on record.
    private static func word(_ state: AttemptState) -> String {
        guard case .running = state.phase else { return state.phase.word }
        return state.commandStarted ? "running, started" : "running"
    }
}

struct MortalProvider: InstanceProvider {
    let inner: any InstanceProvider
    let life: Life

    var listingLag: Duration { inner.listingLag }
    var settlementLag: Duration { inner.settlementLag }
    var pollInterval: Duration { inner.pollInterval }

    func knownAnchor() async -> String? { await inner.knownAnchor() }
    func ensureAnchor() async throws -> String { try await life.around("anchor") { try await inner.ensureAnchor() } }
    func hasAnchor() async throws -> Bool { try await life.around("has anchor") { try await inner.hasAnchor() } }
    func create(_ order: InstanceOrder) async throws -> ObservedInstance {
        try await life.around("create") { try await inner.create(order) }
    }
    func instance(_ id: InstanceID) async throws -> ObservedInstance? {
        try await life.around("get") { try await inner.instance(id) }
    }
    func instances(hostnamePrefix prefix: String) async throws -> [ObservedInstance] {
        try await life.around("list") { try await inner.instances(hostnamePrefix: prefix) }
    }
    func destroy(_ id: InstanceID) async throws -> DestroyAnswer {
        try await life.around("destroy") { try await inner.destroy(id) }
    }
    func absence(of id: InstanceID, anchor: String?) async throws -> Absence {
        try await life.around("absence") { try await inner.absence(of: id, anchor: anchor) }
    }
    func sees(anchor: String?) async throws -> Bool {
        try await life.around("sees anchor") { try await inner.sees(anchor: anchor) }
    }
    func witnessedInstances(hostname: String, anchor: String?) async throws -> WitnessedListing {
        try await life.around("list") {
            try await inner.witnessedInstances(hostname: hostname, anchor: anchor)
        }
    }
    func snapshots(of id: InstanceID) async throws -> [ObservedSnapshot] {
        try await life.around("list snapshots") { try await inner.snapshots(of: id) }
    }
    func createSnapshot(of id: InstanceID, name: String) async throws -> ObservedSnapshot {
        try await life.around("snapshot") { try await inner.createSnapshot(of: id, name: name) }
    }
    func deleteSnapshot(_ id: SnapshotID) async throws {
        try await life.around("delete snapshot") { try await inner.deleteSnapshot(id) }
    }
}

struct MortalSupplies: JobSupplies {
    let inner: any JobSupplies
    let life: Life

    func provider(for cloud: CloudReference) async -> Supply<any InstanceProvider> {
        switch await inner.provider(for: cloud) {
        case .ready(let provider): .ready(MortalProvider(inner: provider, life: life))
        case .waiting(let reason): .waiting(reason)
        }
    }
    func secrets(of job: JobRecord) async -> Supply<[EnvironmentVariable]> { await inner.secrets(of: job) }
}

struct MortalConnector: RemoteConnector {
    let inner: any RemoteConnector
    let life: Life

    func prepareKeys(for identity: AttemptIdentity) async throws -> AttemptKeys {
        try await life.around("keys") { try await inner.prepareKeys(for: identity) }
    }
    func connect(to endpoint: RemoteEndpoint, identity: AttemptIdentity) async throws -> any RemoteHost {
        MortalHost(
            inner: try await life.around("connect") { try await inner.connect(to: endpoint, identity: identity) },
            life: life)
    }
    func discardKeys(of identity: AttemptIdentity) async {
        _ = try? await life.around("discard keys") { await inner.discardKeys(of: identity) }
    }
}

struct MortalHost: RemoteHost {
    let inner: any RemoteHost
    let life: Life

    func execute(
        _ command: String, input: RemoteInput, options: RemoteOptions,
        onOutput: @escaping @Sendable (RemoteOutput) async throws -> Void
    ) async throws -> RemoteExit {
        let verb = Self.verb(command)
        return try await life.around(verb) {
            try await inner.execute(command, input: input, options: options) { output in
                // What arrives is known only once it was taken.
                try life.pass("< answer of \(verb)")
                try await onOutput(output)
                try life.pass("> answer of \(verb)")
            }
        }
    }
    func close() async { await inner.close() }

    private static func verb(_ command: String) -> String {
        let words = command.split { $0 == " " || $0 == "'" }
        guard let at = words.firstIndex(where: { $0.hasSuffix("/supervisor.sh") }), at + 1 < words.endIndex,
            !command.contains("await-startup")
        else { return "await-startup" }
        let stage = at + 2 < words.endIndex && ["setup", "run"].contains(words[at + 2]) ? " \(words[at + 2])" : ""
        return words[at + 1] + stage
    }
}

struct MortalStorage: JobStorage {
    let inner: any JobStorage
    let life: Life

    func folder(for job: JobRecord) async throws -> any JobFolder {
        MortalFolder(inner: try await life.around("folder") { try await inner.folder(for: job) }, life: life)
    }
    func frozenCode(_ code: FrozenCode) async throws -> @Sendable () async throws -> [UInt8]? {
        try await life.around("frozen code") { try await inner.frozenCode(code) }
    }
}

struct MortalFolder: JobFolder {
    let inner: any JobFolder
    let life: Life

    func length(of log: JobLog) async throws -> Int64 {
        try await life.around("length of \(log)") { try await inner.length(of: log) }
    }
    func append(_ bytes: [UInt8], to log: JobLog) async throws {
        try await life.around("append \(log)") { try await inner.append(bytes, to: log) }
    }
    func restart(_ log: JobLog) async throws { try await life.around("restart") { try await inner.restart(log) } }
    func seal(_ log: JobLog, bytes: Int64, sha256: String) async throws -> Bool {
        try await life.around("seal \(log)") { try await inner.seal(log, bytes: bytes, sha256: sha256) }
    }
    func receiveOutputs() async throws -> any OutputsReceiver {
        MortalReceiver(inner: try await life.around("outputs") { try await inner.receiveOutputs() }, life: life)
    }
    func write(_ receipt: Receipt) async throws { try await life.around("receipt") { try await inner.write(receipt) } }
    func write(blackBox: [UInt8]) async throws {
        try await life.around("black box") { try await inner.write(blackBox: blackBox) }
    }
    func setAside(attempt number: Int, _ receipt: Receipt) async throws {
        try await life.around("set aside") { try await inner.setAside(attempt: number, receipt) }
    }
}

private struct MortalReceiver: OutputsReceiver {
    let inner: any OutputsReceiver
    let life: Life

    func receive(_ bytes: [UInt8]) async throws { try await life.around("receive") { try await inner.receive(bytes) } }
    func finish() async throws -> OutputsReport { try await life.around("verify outputs") { try await inner.finish() } }
}

struct MortalTime: Timekeeper {
    let inner: ScaledTimekeeper
    let life: Life

    var bootID: String { inner.bootID }
    func now() -> Moment { inner.now() }
    func sleep(for duration: Duration) async throws {
        guard !life.isDead else { throw Life.Died() }
        try await inner.sleep(for: duration)
        guard !life.isDead else { throw Life.Died() }
    }
}
