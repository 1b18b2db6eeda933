import Foundation
import MayflyCore
import Testing

/// A cloud that keeps the API's promises unless it is told to break one. Illegal calls are recorded, and fail tests.
actor FakeCloud: InstanceProvider {
    enum Fault: Sendable {
        /// The request arrives, its answer does not.
        case answerLost
        /// Neither arrives, but the client cannot know.
        case requestLost
        case refused(ProviderError.Kind)
    }

    nonisolated let listingLag: Duration
    nonisolated var settlementLag: Duration { listingLag }
    nonisolated let pollInterval: Duration = .milliseconds(50)

    private let stateFolder: String
    private var instances: [InstanceID: ObservedInstance] = [:]
    private var snapshotsByInstance: [InstanceID: [ObservedSnapshot]] = [:]
    private var nextNumber = 0
    private var createFaults: [Fault] = []
    private var destroyFaults = 0
    private var failingSnapshots = 0
    private var showsAnchor = true
    private var lostOrders: [InstanceOrder] = []
    private var blindLists = 0
    /// Whose token asks: another account's shows nothing of this one's, and has a key of its own.
    private var asksAsAnother = false
    private(set) var recordedAnchor = "anchor"
    private var isAnchored = false
    private var bootsTo: ObservedInstance.Status = .active
    private(set) var created: [String] = []
    private(set) var destroyed: [InstanceID] = []

    /// - Parameter stateFolder: what stands for `/var/lib/mayfly` of every instance.
    init(stateFolder: String, listingLag: Duration) {
        self.stateFolder = stateFolder
        self.listingLag = listingLag
    }

    func failNextCreates(_ faults: Fault...) { createFaults = faults }
    func failNextDestroys(_ count: Int) { destroyFaults = count }
    func failNextSnapshots(_ count: Int) { failingSnapshots = count }
    var snapshots: [ObservedSnapshot] { snapshotsByInstance.values.flatMap { $0 } }
    func setShowsAnchor(_ shows: Bool) { showsAnchor = shows }
    func setAsksAsAnother(_ asks: Bool) { asksAsAnother = asks }
    /// As if a job of the other account had replaced the record.
    func replaceRecordedAnchor() { recordedAnchor = "other" }
    func setBootsTo(_ status: ObservedInstance.Status) { bootsTo = status }
    /// The next lists lag: they do not show what there is.
    func hideFromNextLists(_ count: Int) { blindLists = count }
    /// Each instance gets a twin with the same names.
    func doubleAll() {
        for var twin in instances.values {
            nextNumber += 1
            twin.id = InstanceID(rawValue: "i-\(nextNumber)")
            instances[twin.id] = twin
        }
    }
    func wipe() { instances = [:] }
    func setStatus(_ status: ObservedInstance.Status) {
        for id in instances.keys { instances[id]?.status = status }
    }
    var living: [ObservedInstance] { Array(instances.values) }

    private func fault(_ kind: ProviderError.Kind) -> ProviderError {
        ProviderError(kind: kind, reason: Reason(code: "fake", message: "scripted: \(kind)"))
    }

    func ensureAnchor() throws -> String {
        isAnchored = true
        return recordedAnchor
    }
    func hasAnchor() throws -> Bool { isAnchored }
    /// As of a keeper that has asked for nothing yet.
    func knownAnchor() -> String? { nil }
    func sees(anchor: String?) throws -> Bool {
        showsAnchor && (anchor ?? recordedAnchor) == (asksAsAnother ? "other" : "anchor")
    }

    func create(_ order: InstanceOrder) throws -> ObservedInstance {
        let planned = createFaults.isEmpty ? nil : createFaults.removeFirst()
        switch planned {
        case .refused(let kind): throw fault(kind)
        case .requestLost:
            lostOrders.append(order)
            throw fault(.outcomeUnknown)
        case .answerLost, nil: break
        }
        let instance = make(order)
        if case .answerLost = planned { throw fault(.outcomeUnknown) }
        return instance
    }

    /// Requests that got stuck on their way arrive after all.
    func deliverLostRequests() {
        for order in lostOrders { _ = make(order) }
        lostOrders = []
    }

    private func make(_ order: InstanceOrder) -> ObservedInstance {
        nextNumber += 1
        let id = InstanceID(rawValue: "i-\(nextNumber)")
        let instance = ObservedInstance(
            id: id, name: order.name, hostname: order.hostname, status: bootsTo, address: "192.0.2.\(nextNumber)",
            sshPort: 22, type: order.machine.type, region: order.machine.region)
        instances[id] = instance
        created.append(order.hostname)
        // What first boot would do for an attempt without a startup script.
        if let nonce = order.hostname.split(separator: "-").last {
            let folder = "\(stateFolder)/\(nonce)"
            try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try? Data("none\n".utf8).write(to: URL(fileURLWithPath: folder + "/startup.kind"))
        }
        return instance
    }

    private var seen: [InstanceID: ObservedInstance] { asksAsAnother ? [:] : instances }

    func instance(_ id: InstanceID) throws -> ObservedInstance? { seen[id] }

    func instances(hostnamePrefix prefix: String) throws -> [ObservedInstance] {
        shown.filter { $0.hostname.hasPrefix(prefix) }
    }

    /// What a list shows: nothing yet, while it lags.
    private var shown: [ObservedInstance] {
        guard blindLists == 0 else {
            blindLists -= 1
            return []
        }
        return Array(seen.values)
    }

    func witnessedInstances(hostname: String, anchor: String?) throws -> WitnessedListing {
        WitnessedListing(
            instances: shown.filter { $0.hostname == hostname }, isWitnessed: try sees(anchor: anchor))
    }

    func destroy(_ id: InstanceID) throws -> DestroyAnswer {
        if destroyFaults > 0 {
            destroyFaults -= 1
            throw fault(.unreachable)
        }
        // Another account has none of that id, which is success.
        guard !asksAsAnother else { return DestroyAnswer() }
        instances[id] = nil
        destroyed.append(id)
        return DestroyAnswer()
    }

    func absence(of id: InstanceID, anchor: String?) throws -> Absence {
        if let there = seen[id] { return .stillThere(status: there.status.word) }
        return try sees(anchor: anchor) ? .gone : .cannotTell(Reason(code: "anchor", message: "no anchor"))
    }

    func snapshots(of id: InstanceID) throws -> [ObservedSnapshot] { snapshotsByInstance[id] ?? [] }

    private var refusesSnapshots = false
    func refuseSnapshots(_ refuses: Bool) { refusesSnapshots = refuses }

    func createSnapshot(of id: InstanceID, name: String) throws -> ObservedSnapshot {
        if refusesSnapshots { throw fault(.refused) }
        nextNumber += 1
        let fails = failingSnapshots > 0
        if fails { failingSnapshots -= 1 }
        let taken = ObservedSnapshot(
            id: SnapshotID(rawValue: "s-\(nextNumber)"), name: name, status: fails ? .error : .created)
        snapshotsByInstance[id, default: []].append(taken)
        return taken
    }

    func deleteSnapshot(_ id: SnapshotID) throws {
        for owner in snapshotsByInstance.keys {
            for failed in snapshotsByInstance[owner, default: []] where failed.id == id && failed.status != .error {
                Issue.record("a snapshot that did not fail was deleted: \(id)")
            }
            snapshotsByInstance[owner]?.removeAll { $0.id == id }
        }
    }
}
