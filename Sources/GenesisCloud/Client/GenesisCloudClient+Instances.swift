extension GenesisCloudClient {
    /// `POST /instances`, unsafe. Sent once: the API has no idempotency key, so a repetition could make a second one.
    ///
    /// Costs money from here on, also when it throws an error whose `requestMayHaveTakenEffect` is true; whether an
    /// instance exists then is settled by listing, by its hostname.
    /// - Throws: ``GenesisCloudError``.
    public func createInstance(_ request: CreateInstanceRequest) async throws -> Instance {
        try await self.request(.createInstance, body: request, key: "instance")
    }

    /// `GET /instances/{id}`, a read.
    /// - Throws: ``GenesisCloudError``, `notFound` among others.
    public func instance(_ id: Instance.ID) async throws -> Instance {
        try await request(.getInstance, id.rawValue, key: "instance")
    }

    /// `GET /instances`, a read: all instances of the account, page by page.
    public func instances() -> Listing<Instance> { Listing(self, .listInstances, key: "instances") }

    /// All instances of the account: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func listInstances() async throws -> [Instance] { try await instances().all() }

    /// `PATCH /instances/{id}`, idempotent. A new disk size is first compared with the present one, which costs a read.
    /// - Throws: ``GenesisCloudError``.
    public func updateInstance(_ id: Instance.ID, _ update: UpdateInstanceRequest) async throws -> Instance {
        if update.diskSizeGiB != nil {
            try update.check()
            try RequestRules.grows(to: update.diskSizeGiB, from: await instance(id).diskSizeGiB, "disk_size")
        }
        return try await request(.updateInstance, id.rawValue, body: update, key: "instance")
    }

    /// `DELETE /instances/{id}`, idempotent: asks for an instance and its boot disk to be destroyed. Accepted, not done:
    /// it exists until ``instance(_:)`` says `notFound`, see ``waitUntilGone(_:timeout:)``. Attached volumes stay.
    ///
    /// `notFound` means that there was none. When the first sending's answer is lost and the second says 404, this
    /// returns.
    /// - Throws: ``GenesisCloudError``, `conflict` for a protected instance.
    public func destroyInstance(_ id: Instance.ID) async throws { try await perform(.destroyInstance, id.rawValue) }

    /// `GET /instances/{id}/actions`, a read: what can be asked of it just now.
    /// - Throws: ``GenesisCloudError``.
    public func actions(of id: Instance.ID) async throws -> [Instance.Action] {
        try await request(.listInstanceActions, id.rawValue, key: "actions")
    }

    /// `POST /instances/{id}/actions`, unsafe. Accepted, not done: see ``waitForInstance(_:toBe:timeout:)``.
    /// - Throws: ``GenesisCloudError``.
    public func perform(_ action: Instance.Action, on id: Instance.ID) async throws {
        try await perform(.performInstanceAction, id.rawValue, body: ActionRequest(action: action))
    }

    /// `GET /instances/{id}/user-metadata`, a read. Not on the page but in the API since 2024.
    /// - Throws: ``GenesisCloudError``.
    public func userMetadata(of id: Instance.ID) async throws -> JSONValue {
        try await request(.getUserMetadata, id.rawValue)
    }
}
