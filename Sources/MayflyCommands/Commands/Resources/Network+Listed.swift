import GenesisCloud

extension SecurityGroup: DeletableResource {
    static var noun: String { "security group" }
    static var command: String { "security-group" }
    static var loss: String { "its rules are lost" }

    static var fields: [Field<SecurityGroup>] {
        [
            Field("ID") { $0.id.rawValue },
            Field("NAME") { $0.name },
            Field("STATUS", .often) { $0.status?.wire ?? "" },
            Field("RULES", .often) { $0.rules.map(RuleArgument.text).joined(separator: " ") },
            Field("REGION", .sometimes) { $0.region ?? "" },
            Field("CREATED", .seldom) { ResourceText.date($0.createdAt) },
            Field("DESCRIPTION", .detail) { $0.description ?? "" },
            Field("UPDATED", .detail) { ResourceText.date($0.updatedAt) },
        ]
    }

    static func listing(_ client: GenesisCloudClient) -> Listing<SecurityGroup> { client.securityGroups() }
    static func read(_ id: ID, _ client: GenesisCloudClient) async throws -> SecurityGroup? {
        try await orNothing { try await client.securityGroup(id) }
    }
    static func delete(_ id: ID, _ client: GenesisCloudClient) async throws { try await client.deleteSecurityGroup(id) }
}

extension FloatingIP: DeletableResource {
    static var noun: String { "floating IP" }
    static var command: String { "floating-ip" }
    static var loss: String { "its address is lost" }

    static var fields: [Field<FloatingIP>] {
        [
            Field("ID") { $0.id.rawValue },
            Field("NAME") { $0.name },
            Field("ADDRESS") { $0.ipAddress ?? "" },
            Field("STATUS", .often) { $0.status?.wire ?? "" },
            Field("ATTACHED TO", .often) { ResourceText.names($0.instance.map { [$0] } ?? []) },
            Field("REGION", .sometimes) { $0.region ?? "" },
            Field("CREATED", .seldom) { ResourceText.date($0.createdAt) },
            Field("DESCRIPTION", .detail) { $0.description ?? "" },
            Field("VERSION", .detail) { $0.version?.wire ?? "" },
            Field("UPDATED", .detail) { ResourceText.date($0.updatedAt) },
        ]
    }

    static func listing(_ client: GenesisCloudClient) -> Listing<FloatingIP> { client.floatingIPs() }
    static func read(_ id: ID, _ client: GenesisCloudClient) async throws -> FloatingIP? {
        try await orNothing { try await client.floatingIP(id) }
    }
    static func delete(_ id: ID, _ client: GenesisCloudClient) async throws { try await client.deleteFloatingIP(id) }

    func isAlsoCalled(_ text: String) -> Bool { ipAddress == text }
}

extension SSHKey: DeletableResource {
    static var noun: String { "SSH key" }
    static var command: String { "ssh-key" }
    static var loss: String { "instances that have it keep it" }

    static var fields: [Field<SSHKey>] {
        [
            Field("ID") { $0.id.rawValue },
            Field("NAME") { $0.name },
            Field("TYPE", .often) { key in
                [key.type, key.size.map { "\($0)" }].compactMap { $0 }.joined(separator: " ")
            },
            Field("FINGERPRINT", .sometimes) { $0.fingerprint ?? "" },
            Field("CREATED", .seldom) { ResourceText.date($0.createdAt) },
            Field("VALUE", .detail) { $0.value ?? "" },
            Field("UPDATED", .detail) { ResourceText.date($0.updatedAt) },
        ]
    }

    static func listing(_ client: GenesisCloudClient) -> Listing<SSHKey> { client.sshKeys() }
    static func read(_ id: ID, _ client: GenesisCloudClient) async throws -> SSHKey? {
        try await orNothing { try await client.sshKey(id) }
    }
    static func delete(_ id: ID, _ client: GenesisCloudClient) async throws { try await client.deleteSSHKey(id) }

    var caution: String? {
        name.hasPrefix("mayfly-")
            ? "it may be the anchor by which Mayfly proves that instances are gone: without it running jobs cannot end"
            : nil
    }
}

extension Image: ListedResource {
    static var noun: String { "image" }
    static var command: String { "image" }

    static var fields: [Field<Image>] {
        [
            Field("ID") { $0.id.rawValue },
            Field("NAME") { $0.name },
            Field("SLUG") { $0.slug ?? "" },
            Field("VERSIONS", .often) { $0.versions.joined(separator: " ") },
            Field("TYPE", .sometimes) { $0.type?.wire ?? "" },
            Field("REGIONS", .seldom) { $0.regions.joined(separator: " ") },
            Field("FAMILY", .detail) { $0.family ?? "" },
            Field("OS", .detail) { $0.osType?.wire ?? "" },
            Field("CREATED", .detail) { ResourceText.date($0.createdAt) },
        ]
    }

    static func listing(_ client: GenesisCloudClient) -> Listing<Image> { client.images() }
    /// The API has no route for a single image.
    static func read(_ id: ID, _ client: GenesisCloudClient) async throws -> Image? { nil }

    /// `slug` or `slug:version`.
    func isAlsoCalled(_ text: String) -> Bool {
        guard let slug else { return false }
        return text == slug || versions.contains { text == "\(slug):\($0)" }
    }
}
