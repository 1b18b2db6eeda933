extension GenesisCloudClient {
    /// Creates an instance. Sent once: the API has no idempotency key, so a repetition could make a second one.
    ///
    /// Costs money from here on, also when it throws an error whose `requestMayHaveTakenEffect` is true; whether an
    /// instance exists then is settled by listing, by its hostname.
    /// - Throws: ``GenesisCloudError``.
    public func createInstance(_ request: CreateInstanceRequest) async throws -> Instance {
        try await post("/instances", request, as: InstanceEnvelope.self).instance
    }

    /// - Throws: ``GenesisCloudError``, `notFound` among others.
    public func instance(_ id: String) async throws -> Instance {
        try await get("/instances/\(try segment(id))", as: InstanceEnvelope.self).instance
    }

    /// All instances of the account: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func listInstances() async throws -> [Instance] { try await list("/instances", key: "instances") }

    /// Asks for an instance and its boot disk to be destroyed. Accepted, not done: it exists until ``instance(_:)``
    /// says `notFound`. Sent once; repeating it is harmless, and then `notFound` means that it is gone already.
    /// - Throws: ``GenesisCloudError``.
    public func destroyInstance(_ id: String) async throws { try await delete("/instances/\(try segment(id))") }

    private struct InstanceEnvelope: Decodable, Sendable { var instance: Instance }
}

extension GenesisCloudClient {
    /// Starts a snapshot of an instance's boot disk and returns before it is `created`. Sent once.
    /// - Throws: ``GenesisCloudError``.
    public func createSnapshot(instance id: String, name: String) async throws -> Snapshot {
        try await post("/instances/\(try segment(id))/snapshots", ["name": name], as: SnapshotEnvelope.self).snapshot
    }

    /// The snapshots of one instance, or of the whole account: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func listSnapshots(instance id: String? = nil) async throws -> [Snapshot] {
        let path = try id.map { "/instances/\(try segment($0))/snapshots" } ?? "/snapshots"
        return try await list(path, key: "snapshots")
    }

    /// - Throws: ``GenesisCloudError``, `notFound` among others.
    public func snapshot(_ id: String) async throws -> Snapshot {
        try await get("/snapshots/\(try segment(id))", as: SnapshotEnvelope.self).snapshot
    }

    /// - Throws: ``GenesisCloudError``.
    public func deleteSnapshot(_ id: String) async throws { try await delete("/snapshots/\(try segment(id))") }

    private struct SnapshotEnvelope: Decodable, Sendable { var snapshot: Snapshot }
}

extension GenesisCloudClient {
    /// Registers a public key. Sent once.
    /// - Throws: ``GenesisCloudError``.
    public func createSSHKey(name: String, publicKey: String) async throws -> SSHKey {
        try await post("/ssh-keys", ["name": name, "value": publicKey], as: SSHKey.self)
    }

    /// - Throws: ``GenesisCloudError``, `notFound` among others.
    public func sshKey(_ id: String) async throws -> SSHKey {
        try await get("/ssh-keys/\(try segment(id))", as: SSHKey.self)
    }

    /// All keys of the account: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func listSSHKeys() async throws -> [SSHKey] { try await list("/ssh-keys", key: "ssh_keys") }

    /// - Throws: ``GenesisCloudError``.
    public func deleteSSHKey(_ id: String) async throws { try await delete("/ssh-keys/\(try segment(id))") }

    /// All images the account can use.
    /// - Throws: ``GenesisCloudError``.
    public func listImages() async throws -> [Image] { try await list("/images", key: "images") }
}

extension Instance: Identifiable {}
extension Snapshot: Identifiable {}
extension SSHKey: Identifiable {}
extension Image: Identifiable {}
