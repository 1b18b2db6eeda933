import CloudModel
import MayflyCore

/// One keeper's client of the cloud, with the adapter's reading of its answers.
final class SimulatedProvider: InstanceProvider, @unchecked Sendable {
    let listingLag: Duration
    var settlementLag: Duration { listingLag }
    let pollInterval: Duration
    private let keeper: KeeperProcess
    private let store: any JobStore
    private let installation: String
    private var confirmed: String?
    private var isEnsuring = false
    private var waiting: [CheckedContinuation<String, any Error>] = []
    private var cloud: SimulatedCloud { keeper.world.cloud }
    private static let anchorKey = "anchor:simulated"

    init(keeper: KeeperProcess, store: any JobStore, installation: String) {
        self.keeper = keeper
        self.store = store
        self.installation = installation
        listingLag = keeper.world.plan.listingLag
        pollInterval = keeper.world.plan.pollInterval
    }

    // MARK: The anchor

    /// Those that ask at the same time share one look-up, as in the adapter.
    func ensureAnchor() async throws -> String {
        if isEnsuring { return try await withCheckedThrowingContinuation { waiting.append($0) } }
        isEnsuring = true
        let result: Result<String, any Error>
        do { result = .success(try await lookUp()) } catch is CancellationError {
            result = .failure(Self.error(.unreachable, "the look-up was broken off"))
        } catch {
            result = .failure(error)
        }
        isEnsuring = false
        let others = waiting
        waiting = []
        for other in others { other.resume(with: result) }
        return try result.get()
    }

    private func lookUp() async throws -> String {
        if let confirmed { return confirmed }
        let name = "mayfly-\(installation)"
        let recorded = try await fact()
        let keys = try await keys()
        if let recorded {
            guard keys.contains(where: { $0.id == recorded }) else {
                throw Self.error(.unauthorized, "the anchor is not seen")
            }
            confirmed = recorded
            return recorded
        }
        let id: String
        if let found = keys.first(where: { $0.name == name }) {
            id = found.id
        } else {
            do {
                id = try await call("POST", "/ssh-keys", effect: "cloud.key") { [cloud] in
                    try cloud.createKey(name: name)
                }
            } catch let error as ProviderError where error.kind == .outcomeUnknown {
                // Registering is found again by name: safe to repeat.
                throw ProviderError(kind: .unreachable, reason: error.reason)
            }
        }
        do {
            try await store.setValue(id, for: Self.anchorKey)
        } catch let error as JobStoreError {
            throw Self.error(.unreachable, error.message)
        }
        confirmed = id
        return id
    }

    private func fact() async throws -> String? { try await store.value(Self.anchorKey) }

    func hasAnchor() async throws -> Bool { try await fact() != nil }

    func knownAnchor() async -> String? { confirmed }

    func sees(anchor: String?) async throws -> Bool { try await sees(anchor, with: nil) }

    /// - Parameter anchor: `nil` = the one on record.
    private func sees(_ anchor: String?, with token: Bool?) async throws -> Bool {
        var wanted = anchor
        if wanted == nil { wanted = try await fact() }
        guard let wanted, try await keys(token).contains(where: { $0.id == wanted }) else {
            confirmed = nil
            return false
        }
        return true
    }

    private func keys(_ token: Bool? = nil) async throws -> [CloudSSHKey] {
        try await call("GET", "/ssh-keys", token) { [cloud] in
            cloud.keys
        } ifForeign: {
            []
        }
    }

    // MARK: Instances

    func create(_ order: InstanceOrder) async throws -> ObservedInstance {
        do {
            return try await call("POST", "/instances", effect: "cloud.create") { [cloud] in
                ObservedInstance(try cloud.create(order))
            }
        } catch let error as ProviderError where error.kind == .refused {
            guard try await !sees(anchor: order.sshKey) else { throw error }
            var reason = error.reason
            reason.code = Reason.anchorRefusedCode
            throw ProviderError(kind: .unreachable, reason: reason)
        }
    }

    func instance(_ id: InstanceID) async throws -> ObservedInstance? { try await instance(id, nil) }

    private func instance(_ id: InstanceID, _ token: Bool?) async throws -> ObservedInstance? {
        try await call("GET", "/instances/\(id)", token) { [cloud] in
            cloud.view(id.rawValue).map(ObservedInstance.init)
        } ifForeign: {
            nil
        }
    }

    func instances(hostnamePrefix prefix: String) async throws -> [ObservedInstance] {
        try await list(nil) { $0.hostname.hasPrefix(prefix) }
    }

    /// The whole list is read; only what is asked for is taken from it.
    private func list(
        _ token: Bool?, where included: @escaping (CloudInstance) -> Bool
    ) async throws -> [ObservedInstance] {
        var found: [ObservedInstance] = []
        var number = 1
        while true {
            let page = try await call("GET", "/instances", token) { [cloud, number] in
                cloud.page(number, wanting: included)
            } ifForeign: {
                nil
            }
            guard let page else { return found }
            found += page.items.map(ObservedInstance.init)
            if number * 100 >= page.totalCount { return found }
            number += 1
        }
    }

    func destroy(_ id: InstanceID) async throws -> DestroyAnswer {
        do {
            try await call("DELETE", "/instances/\(id)", effect: "cloud.destroy") { [cloud] in
                try cloud.destroy(id.rawValue)
            } ifForeign: {
            }
            return DestroyAnswer()
        } catch let error as ProviderError where error.reason.code == "404" {
            return DestroyAnswer(existed: false)
        }
    }

    func absence(of id: InstanceID, anchor: String?) async throws -> Absence {
        // The three witnesses are asked with one token, as one client does.
        let token = keeper.world.isForeign
        if let there = try await instance(id, token) { return .stillThere(status: there.status.word) }
        if let listed = try await list(token, where: { $0.id == id.rawValue }).first {
            return .stillThere(status: "\(listed.status.word), in the list")
        }
        return try await sees(anchor, with: token) ? .gone : .cannotTell(.anchorMissing)
    }

    func witnessedInstances(hostname: String, anchor: String?) async throws -> WitnessedListing {
        let token = keeper.world.isForeign
        let found = try await list(token) { $0.hostname == hostname }
        return WitnessedListing(
            instances: found, isWitnessed: found.isEmpty ? try await sees(anchor, with: token) : false)
    }

    // MARK: Snapshots

    func snapshots(of id: InstanceID) async throws -> [ObservedSnapshot] {
        try await call("GET", "/instances/\(id)/snapshots") { [cloud] in
            try cloud.snapshots(of: id.rawValue).map(ObservedSnapshot.init)
        }
    }

    func createSnapshot(of id: InstanceID, name: String) async throws -> ObservedSnapshot {
        try await call("POST", "/instances/\(id)/snapshots", effect: "cloud.snapshot") { [cloud] in
            ObservedSnapshot(try cloud.createSnapshot(of: id.rawValue, name: name))
        }
    }

    func deleteSnapshot(_ id: SnapshotID) async throws {
        do {
            try await call("DELETE", "/snapshots/\(id)", effect: "cloud.unsnapshot") { [cloud] in
                try cloud.deleteSnapshot(id.rawValue)
            }
        } catch let error as ProviderError where error.reason.code == "404" {
            return
        }
    }

    // MARK: One request

    /// - Parameters:
    ///   - token: whether it is another account's; `nil` for the one that is held now.
    ///   - ifForeign: what the token of another account is answered; without it, 403.
    private func call<Value>(
        _ method: StaticString, _ path: @autoclosure () -> String, _ token: Bool? = nil, effect: StaticString? = nil,
        _ body: @escaping () throws -> Value,
        ifForeign: (() -> Value)? = nil
    ) async throws -> Value {
        try await keeper.pass()
        let world = keeper.world
        world.requests += 1
        let lost: ProviderError.Kind = effect == nil ? .unreachable : .outcomeUnknown
        let fate = cloud.faults.isEmpty ? .none : cloud.faults.fate(method: "\(method)", path: path())
        if fate.latency > 0 { try await keeper.sleep(for: .milliseconds(fate.latency)) }
        if token ?? world.isForeign {
            world.note("foreign", 0, 0, "\(method) \(path())")
            guard let ifForeign else { throw Self.error(.unauthorized, "403: another account's token") }
            return ifForeign()
        }
        if let ending = fate.before {
            world.note("fault before", 0, 0, "\(method) \(path()) \(ending)")
            throw Self.error(ending, lost)
        }
        let value: Value
        do {
            if let effect {
                value = try await keeper.effect(effect, travels: true, body)
            } else {
                value = try body()
                world.note("asked", 0, 0, "\(method) \(path())")
                try await keeper.pass()
            }
        } catch let refusal as CloudRefusal {
            if let ending = fate.after { throw Self.error(ending, lost) }
            throw Self.error(refusal)
        }
        if let ending = fate.after {
            world.note("fault after", 0, 0, "\(method) \(path()) \(ending)")
            throw Self.error(ending, lost)
        }
        return value
    }

    // MARK: Errors

    private static func error(_ kind: ProviderError.Kind, _ message: String, code: String = "simulated")
        -> ProviderError
    {
        ProviderError(kind: kind, reason: Reason(code: code, message: message))
    }

    private static func error(_ ending: FaultEngine.Ending, _ lost: ProviderError.Kind) -> ProviderError {
        switch ending {
        case .answer(status: 429, _, _): error(.unreachable, "429")
        case .answer(let status, _, _): error(lost, "\(status)")
        case .dropped: error(lost, "the connection ended without an answer")
        }
    }

    private static func error(_ refusal: CloudRefusal) -> ProviderError {
        let kind: ProviderError.Kind =
            switch refusal.status {
            case 401: .unauthorized
            case 403: .account
            case 409 where refusal.code == CloudRefusal.noCapacity("").code: .capacity
            default: .refused
            }
        return error(kind, refusal.message, code: String(refusal.status))
    }
}

extension ObservedInstance {
    fileprivate init(_ view: CloudInstanceView) {
        let instance = view.instance
        let status: Status =
            switch view.status {
            case "creating", "starting", "resetting": .creating
            case "active": .active
            case "stopping": .stopping
            case "stopped": .stopped
            case "deleting": .deleting
            case "error": .error
            default: .other(view.status)
            }
        self.init(
            id: InstanceID(rawValue: instance.id), name: instance.name, hostname: instance.hostname, status: status,
            address: view.publicIP, privateAddress: view.privateIP, sshPort: view.sshPort, type: instance.type,
            region: instance.region)
    }
}

extension ObservedSnapshot {
    fileprivate init(_ snapshot: CloudSnapshot) {
        let status: Status =
            switch snapshot.status {
            case .creating: .creating
            case .created: .created
            case .error: .error
            case .deleting: .other("deleting")
            }
        self.init(id: SnapshotID(rawValue: snapshot.id), name: snapshot.name, status: status)
    }
}
