extension GenesisCloudClient {
    /// Waits until an instance is active *and* has a public address: the API promises neither at once nor in an order.
    /// That somebody can log in is still another matter, since SSH starts later.
    /// - Throws: ``GenesisCloudError``: `unreachableState` for an instance that is in `error`, stopped or on its way out,
    ///   `notFound` when it is gone, `timeout`.
    public func waitUntilReachable(_ id: Instance.ID, timeout: Duration = .seconds(1800)) async throws -> Instance {
        try await waitForInstance(id, toBe: "active with a public address", timeout: timeout) { instance in
            switch instance.status {
            case .active: return instance.publicIP != nil
            case .error, .stopping, .stopped, .deleting: throw Self.deadEnd("instance \(id)", instance.status.wire)
            case .creating, .pendingPayment, .starting, .resetting, .unknown: return false
            }
        }
    }

    /// Waits for a status, for example `.stopped` after ``perform(_:on:)``.
    /// - Throws: ``GenesisCloudError``: `unreachableState` when it is in `error` instead, `notFound` when it is gone,
    ///   `timeout`.
    public func waitForInstance(
        _ id: Instance.ID, toBe status: Instance.Status, timeout: Duration = .seconds(600)
    ) async throws -> Instance {
        try await waitForInstance(id, toBe: status.wire, timeout: timeout) { instance in
            if instance.status == .error, status != .error { throw Self.deadEnd("instance \(id)", "error") }
            return instance.status == status
        }
    }

    /// Waits for anything that can be seen of an instance.
    /// - Parameters:
    ///   - words: what is waited for, as errors say it.
    ///   - isDone: throws when it cannot happen any more.
    /// - Throws: ``GenesisCloudError``: `notFound` when it is gone, `timeout`, and what `isDone` throws.
    public func waitForInstance(
        _ id: Instance.ID, toBe words: String, timeout: Duration, until isDone: (Instance) throws -> Bool
    ) async throws -> Instance {
        var missing = 0
        return try await poll("instance \(id)", words, timeout) { () -> Poll<Instance> in
            guard let instance = try await observe(id) else {
                missing += 1
                // What was created a moment ago may not be readable everywhere yet.
                guard missing < 3 else {
                    throw GenesisCloudError(
                        code: .notFound, message: "instance \(id) is gone; \(words) was waited for",
                        operation: .getInstance)
                }
                return .notYet("not found")
            }
            missing = 0
            return try isDone(instance) ? .done(instance) : .notYet(instance.status.wire)
        }
    }

    /// Waits until the API answers 404 for an instance. Whether that is proof is said by ``absence(of:anchor:)``.
    /// - Throws: ``GenesisCloudError``, `timeout` among others.
    public func waitUntilGone(_ id: Instance.ID, timeout: Duration = .seconds(600)) async throws {
        try await poll("instance \(id)", "gone", timeout) { () -> Poll<Void> in
            guard let instance = try await observe(id) else { return .done(()) }
            return .notYet(instance.status.wire)
        }
    }

    /// Waits until a snapshot can be used.
    /// - Throws: ``GenesisCloudError``: `unreachableState` when it failed or is being deleted, `notFound`, `timeout`.
    public func waitUntilCreated(_ id: Snapshot.ID, timeout: Duration = .seconds(1200)) async throws -> Snapshot {
        try await poll("snapshot \(id)", "created", timeout) {
            let snapshot = try await snapshot(id)
            switch snapshot.status {
            case .created: return .done(snapshot)
            case .error, .deleting, .pendingDelete: throw Self.deadEnd("snapshot \(id)", snapshot.status.wire)
            case .creating, .unknown: return .notYet(snapshot.status.wire)
            }
        }
    }

    /// Waits until a volume can be attached.
    /// - Throws: ``GenesisCloudError``: `unreachableState` when it failed or is being deleted, `notFound`, `timeout`.
    public func waitUntilCreated(_ id: Volume.ID, timeout: Duration = .seconds(600)) async throws -> Volume {
        try await poll("volume \(id)", "created", timeout) {
            let volume = try await volume(id)
            switch volume.status {
            case .created: return .done(volume)
            case .error, .deleting, .pendingDelete: throw Self.deadEnd("volume \(id)", volume.status.wire)
            case .creating, .unknown: return .notYet(volume.status.wire)
            }
        }
    }

    /// Waits until a filesystem can be mounted.
    /// - Throws: ``GenesisCloudError``: `unreachableState` when it failed or is being deleted, `notFound`, `timeout`.
    public func waitUntilCreated(_ id: Filesystem.ID, timeout: Duration = .seconds(600)) async throws -> Filesystem {
        try await poll("filesystem \(id)", "created", timeout) {
            let filesystem = try await filesystem(id)
            switch filesystem.status {
            case .created: return .done(filesystem)
            case .error, .deleting: throw Self.deadEnd("filesystem \(id)", filesystem.status.wire)
            case .creating, .unknown: return .notYet(filesystem.status.wire)
            }
        }
    }

    /// Waits until a floating IP has its address.
    /// - Throws: ``GenesisCloudError``: `unreachableState` when it failed or is being deleted, `notFound`, `timeout`.
    public func waitUntilCreated(_ id: FloatingIP.ID, timeout: Duration = .seconds(600)) async throws -> FloatingIP {
        try await poll("floating IP \(id)", "created with an address", timeout) {
            let address = try await floatingIP(id)
            switch address.status {
            case .created where address.ipAddress != nil: return .done(address)
            case .error, .deleting: throw Self.deadEnd("floating IP \(id)", address.status?.wire ?? "")
            case .created, .creating, .unknown, nil: return .notYet(address.status?.wire ?? "without a status")
            }
        }
    }

    private static func deadEnd(_ what: String, _ status: String) -> GenesisCloudError {
        GenesisCloudError(
            code: .unreachableState, message: "\(what) is \(status): what was waited for will not happen any more")
    }
}
