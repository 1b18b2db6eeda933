import GenesisCloud

extension Snapshot: DeletableResource {
    static var noun: String { "snapshot" }
    static var command: String { "snapshot" }
    static var loss: String { "its data are lost" }

    static var fields: [Field<Snapshot>] {
        [
            Field("ID") { $0.id.rawValue },
            Field("NAME") { $0.name },
            Field("STATUS") { $0.status.wire },
            Field("SIZE", .often) { ResourceText.gib($0.sizeGiB) },
            Field("REGION", .sometimes) { $0.region ?? "" },
            Field("CREATED", .seldom) { ResourceText.date($0.createdAt) },
            Field("INSTANCE", .seldom) { $0.resourceID?.rawValue ?? "" },
            Field("COPY OF", .detail) { $0.sourceSnapshotID?.rawValue ?? "" },
            Field("OS", .detail) { $0.osType?.wire ?? "" },
            Field("UPDATED", .detail) { ResourceText.date($0.updatedAt) },
        ]
    }

    static func listing(_ client: GenesisCloudClient) -> Listing<Snapshot> { client.snapshots() }
    static func read(_ id: ID, _ client: GenesisCloudClient) async throws -> Snapshot? {
        try await orNothing { try await client.snapshot(id) }
    }
    static func delete(_ id: ID, _ client: GenesisCloudClient) async throws { try await client.deleteSnapshot(id) }
}

extension Volume: DeletableResource {
    static var noun: String { "volume" }
    static var command: String { "volume" }
    static var loss: String { "its data are lost" }

    static var fields: [Field<Volume>] {
        [
            Field("ID") { $0.id.rawValue },
            Field("NAME") { $0.name },
            Field("STATUS") { $0.status.wire },
            Field("SIZE", .often) { ResourceText.gib($0.sizeGiB) },
            Field("ATTACHED TO", .often) { ResourceText.names($0.instances) },
            Field("TYPE", .sometimes) { $0.type?.wire ?? "" },
            Field("REGION", .sometimes) { $0.region ?? "" },
            Field("CREATED", .seldom) { ResourceText.date($0.createdAt) },
            Field("DESCRIPTION", .detail) { $0.description ?? "" },
            Field("UPDATED", .detail) { ResourceText.date($0.updatedAt) },
        ]
    }

    static func listing(_ client: GenesisCloudClient) -> Listing<Volume> { client.volumes() }
    static func read(_ id: ID, _ client: GenesisCloudClient) async throws -> Volume? {
        try await orNothing { try await client.volume(id) }
    }
    static func delete(_ id: ID, _ client: GenesisCloudClient) async throws { try await client.deleteVolume(id) }

    var wayOut: String? {
        instances.first.map { "`mayfly instance update \($0.id) --detach-volume \(id)`, then delete it again" }
    }
}

extension Filesystem: DeletableResource {
    static var noun: String { "filesystem" }
    static var command: String { "filesystem" }
    static var loss: String { "its data are lost" }

    static var fields: [Field<Filesystem>] {
        [
            Field("ID") { $0.id.rawValue },
            Field("NAME") { $0.name },
            Field("STATUS") { $0.status.wire },
            Field("SIZE", .often) { ResourceText.gib($0.sizeGiB) },
            Field("MOUNT", .often) { $0.mount },
            Field("REGION", .sometimes) { $0.region ?? "" },
            Field("TYPE", .seldom) { $0.type?.wire ?? "" },
            Field("CREATED", .seldom) { ResourceText.date($0.createdAt) },
            Field("DESCRIPTION", .detail) { $0.description ?? "" },
            Field("ADDRESSES", .detail) { $0.mountEndpointRange.joined(separator: " to ") },
            Field("UPDATED", .detail) { ResourceText.date($0.updatedAt) },
        ]
    }

    static func listing(_ client: GenesisCloudClient) -> Listing<Filesystem> { client.filesystems() }
    static func read(_ id: ID, _ client: GenesisCloudClient) async throws -> Filesystem? {
        try await orNothing { try await client.filesystem(id) }
    }
    static func delete(_ id: ID, _ client: GenesisCloudClient) async throws { try await client.deleteFilesystem(id) }

    /// What `mount -t nfs -o vers=3` takes.
    private var mount: String {
        guard let address = mountEndpointRange.first, let mountBasePath else { return "" }
        return "\(address):\(mountBasePath)"
    }
}
