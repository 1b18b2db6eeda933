import GenesisCloud

extension Instance: DeletableResource {
    static var noun: String { "instance" }
    static var command: String { "instance" }
    static var loss: String { "its boot disk is lost, attached volumes stay" }

    static var fields: [Field<Instance>] {
        [
            Field("ID") { $0.id.rawValue },
            Field("NAME") { $0.name },
            Field("STATUS") { $0.status.wire },
            Field("ADDRESS") { $0.address },
            Field("TYPE", .often) { $0.type },
            Field("REGION", .sometimes) { $0.region },
            Field("PROTECTED", .seldom) { ResourceText.yes($0.isProtected) },
            Field("CREATED", .seldom) { ResourceText.date($0.createdAt) },
            Field("HOSTNAME", .detail) { $0.hostname },
            Field("IMAGE", .detail) { instance in
                guard let image = instance.image else { return "" }
                return image.name.map { "\($0) (\(image.id))" } ?? image.id.rawValue
            },
            Field("DISK", .detail) { ResourceText.gib($0.diskSizeGiB) },
            Field("SSH KEYS", .detail) { ResourceText.names($0.sshKeys) },
            Field("SECURITY GROUPS", .detail) { ResourceText.names($0.securityGroups) },
            Field("VOLUMES", .detail) { ResourceText.names($0.volumes) },
            Field("FLOATING IP", .detail) { ResourceText.names($0.floatingIP.map { [$0] } ?? []) },
            Field("PRIVATE IP", .detail) { $0.privateIP ?? "" },
            Field("DNS NAME", .detail) { $0.dnsName ?? "" },
            Field("PLACEMENT", .detail) { $0.placementOption ?? "" },
            Field("RESERVATION", .detail) { $0.reservationID?.rawValue ?? "" },
            Field("UPDATED", .detail) { ResourceText.date($0.updatedAt) },
        ]
    }

    static func listing(_ client: GenesisCloudClient) -> Listing<Instance> { client.instances() }
    static func read(_ id: ID, _ client: GenesisCloudClient) async throws -> Instance? {
        try await orNothing { try await client.instance(id) }
    }
    static func delete(_ id: ID, _ client: GenesisCloudClient) async throws { try await client.destroyInstance(id) }

    /// With the port where SSH is not on 22, as on a local cloud without an address of its own.
    var address: String {
        guard let publicIP else { return "" }
        return sshPort.map { $0 == 22 ? publicIP : "\(publicIP):\($0)" } ?? publicIP
    }

    /// `ssh ubuntu@…`, for people.
    var login: String? {
        guard let publicIP, status == .active else { return nil }
        return "ssh " + (sshPort.map { $0 == 22 ? "" : "-p \($0) " } ?? "") + "ubuntu@\(publicIP)"
    }

    var caution: String? {
        hostname.hasPrefix("mf-") ? "it belongs to a job of Mayfly, which `mayfly cancel` ends with its results" : nil
    }

    var wayOut: String? {
        isProtected == true ? "`mayfly instance update \(id) --no-protected`, then destroy it again" : nil
    }
}

/// The answer, or `nil` where it is 404.
func orNothing<Value>(_ read: () async throws -> Value) async throws -> Value? {
    do {
        return try await read()
    } catch let error as GenesisCloudError where error.code == .notFound {
        return nil
    }
}
