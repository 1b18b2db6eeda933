extension GenesisCloudClient {
    /// `POST /volumes`, unsafe. Costs money from here on.
    /// - Throws: ``GenesisCloudError``.
    public func createVolume(_ request: CreateVolumeRequest) async throws -> Volume {
        try await self.request(.createVolume, body: request, key: "volume")
    }

    /// `GET /volumes/{id}`, a read.
    /// - Throws: ``GenesisCloudError``, `notFound` among others.
    public func volume(_ id: Volume.ID) async throws -> Volume {
        try await request(.getVolume, id.rawValue, key: "volume")
    }

    /// `GET /volumes`, a read: all volumes of the account, page by page.
    public func volumes() -> Listing<Volume> { Listing(self, .listVolumes, key: "volumes") }

    /// All volumes of the account: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func listVolumes() async throws -> [Volume] { try await volumes().all() }

    /// `PATCH /volumes/{id}`, idempotent. A new size is first compared with the present one, which costs a read.
    /// - Throws: ``GenesisCloudError``.
    public func updateVolume(_ id: Volume.ID, _ update: UpdateStorageRequest) async throws -> Volume {
        if update.sizeGiB != nil {
            try update.check()
            try RequestRules.grows(to: update.sizeGiB, from: await volume(id).sizeGiB, "size")
        }
        return try await request(.updateVolume, id.rawValue, body: update, key: "volume")
    }

    /// `DELETE /volumes/{id}`, idempotent. The data are lost; an attached volume is refused.
    /// - Throws: ``GenesisCloudError``.
    public func deleteVolume(_ id: Volume.ID) async throws { try await perform(.deleteVolume, id.rawValue) }
}

extension GenesisCloudClient {
    /// `POST /filesystems`, unsafe. Costs money from here on.
    /// - Throws: ``GenesisCloudError``.
    public func createFilesystem(_ request: CreateFilesystemRequest) async throws -> Filesystem {
        try await self.request(.createFilesystem, body: request, key: "filesystem")
    }

    /// `GET /filesystems/{id}`, a read.
    /// - Throws: ``GenesisCloudError``, `notFound` among others.
    public func filesystem(_ id: Filesystem.ID) async throws -> Filesystem {
        try await request(.getFilesystem, id.rawValue, key: "filesystem")
    }

    /// `GET /filesystems`, a read: all filesystems of the account, page by page.
    public func filesystems() -> Listing<Filesystem> { Listing(self, .listFilesystems, key: "filesystems") }

    /// All filesystems of the account: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func listFilesystems() async throws -> [Filesystem] { try await filesystems().all() }

    /// `PATCH /filesystems/{id}`, idempotent. A new size is first compared with the present one, which costs a read.
    /// - Throws: ``GenesisCloudError``.
    public func updateFilesystem(_ id: Filesystem.ID, _ update: UpdateStorageRequest) async throws -> Filesystem {
        if update.sizeGiB != nil {
            try update.check()
            try RequestRules.grows(to: update.sizeGiB, from: await filesystem(id).sizeGiB, "size")
        }
        return try await request(.updateFilesystem, id.rawValue, body: update, key: "filesystem")
    }

    /// `DELETE /filesystems/{id}`, idempotent. The data are lost.
    /// - Throws: ``GenesisCloudError``.
    public func deleteFilesystem(_ id: Filesystem.ID) async throws { try await perform(.deleteFilesystem, id.rawValue) }
}
