extension GenesisCloudClient {
    /// `POST /instances/{id}/snapshots`, unsafe: starts a snapshot of an instance's boot disk and returns before it is
    /// `created`; see ``waitUntilCreated(_:timeout:)-(Snapshot.ID,_)``.
    /// - Parameter replicatedRegion: where a second copy is made. Not on the page but in the API's 2025 specification.
    /// - Throws: ``GenesisCloudError``.
    public func createSnapshot(
        instance id: Instance.ID, name: String, replicatedRegion: String? = nil
    ) async throws -> Snapshot {
        try await request(
            .createSnapshot, id.rawValue,
            body: CreateSnapshotRequest(name: name, replicatedRegion: replicatedRegion), key: "snapshot")
    }

    /// `GET /instances/{id}/snapshots` or `GET /snapshots`, a read: the snapshots of one instance, or of the account.
    public func snapshots(of id: Instance.ID? = nil) -> Listing<Snapshot> {
        id.map { Listing(self, .listInstanceSnapshots, key: "snapshots", id: $0.rawValue) }
            ?? Listing(self, .listSnapshots, key: "snapshots")
    }

    /// The snapshots of one instance, or of the whole account: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func listSnapshots(instance id: Instance.ID? = nil) async throws -> [Snapshot] {
        try await snapshots(of: id).all()
    }

    /// `GET /snapshots/{id}`, a read.
    /// - Throws: ``GenesisCloudError``, `notFound` among others.
    public func snapshot(_ id: Snapshot.ID) async throws -> Snapshot {
        try await request(.getSnapshot, id.rawValue, key: "snapshot")
    }

    /// `PATCH /snapshots/{id}`, idempotent.
    /// - Throws: ``GenesisCloudError``.
    public func renameSnapshot(_ id: Snapshot.ID, to name: String) async throws -> Snapshot {
        try await request(.renameSnapshot, id.rawValue, body: RenameRequest(name: name), key: "snapshot")
    }

    /// `POST /snapshots/{id}/clone`, unsafe: copies it, into the same or another region.
    /// - Throws: ``GenesisCloudError``.
    public func cloneSnapshot(_ id: Snapshot.ID, name: String, region: String) async throws -> Snapshot {
        try await request(
            .cloneSnapshot, id.rawValue, body: CloneSnapshotRequest(name: name, region: region), key: "snapshot")
    }

    /// `POST /snapshots`, unsafe: has the cloud fetch a disk image.
    /// - Throws: ``GenesisCloudError``.
    public func importSnapshot(_ request: ImportSnapshotRequest) async throws -> Snapshot {
        try await self.request(.importSnapshot, body: request, key: "snapshot")
    }

    /// `DELETE /snapshots/{id}`, idempotent.
    /// - Throws: ``GenesisCloudError``.
    public func deleteSnapshot(_ id: Snapshot.ID) async throws { try await perform(.deleteSnapshot, id.rawValue) }
}
