extension GenesisCloudClient {
    /// `POST /security-groups`, unsafe.
    /// - Throws: ``GenesisCloudError``.
    public func createSecurityGroup(_ request: CreateSecurityGroupRequest) async throws -> SecurityGroup {
        try await self.request(.createSecurityGroup, body: request, key: "security_group")
    }

    /// `GET /security-groups/{id}`, a read.
    /// - Throws: ``GenesisCloudError``, `notFound` among others.
    public func securityGroup(_ id: SecurityGroup.ID) async throws -> SecurityGroup {
        try await request(.getSecurityGroup, id.rawValue, key: "security_group")
    }

    /// `GET /security-groups`, a read: all security groups of the account, page by page.
    public func securityGroups() -> Listing<SecurityGroup> {
        Listing(self, .listSecurityGroups, key: "security_groups")
    }

    /// All security groups of the account: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func listSecurityGroups() async throws -> [SecurityGroup] { try await securityGroups().all() }

    /// `PATCH /security-groups/{id}`, idempotent: rules are replaced as a whole.
    /// - Throws: ``GenesisCloudError``.
    public func updateSecurityGroup(
        _ id: SecurityGroup.ID, _ update: UpdateSecurityGroupRequest
    ) async throws -> SecurityGroup {
        try await request(.updateSecurityGroup, id.rawValue, body: update, key: "security_group")
    }

    /// `DELETE /security-groups/{id}`, idempotent. One that instances use is refused.
    /// - Throws: ``GenesisCloudError``.
    public func deleteSecurityGroup(_ id: SecurityGroup.ID) async throws {
        try await perform(.deleteSecurityGroup, id.rawValue)
    }
}

extension GenesisCloudClient {
    /// `POST /floating-ips`, unsafe. Costs money from here on.
    /// - Throws: ``GenesisCloudError``.
    public func createFloatingIP(_ request: CreateFloatingIPRequest) async throws -> FloatingIP {
        try await self.request(.createFloatingIP, body: request, key: "floating_ip")
    }

    /// `GET /floating-ips/{id}`, a read.
    /// - Throws: ``GenesisCloudError``, `notFound` among others.
    public func floatingIP(_ id: FloatingIP.ID) async throws -> FloatingIP {
        try await request(.getFloatingIP, id.rawValue, key: "floating_ip")
    }

    /// `GET /floating-ips`, a read: all floating IPs of the account, page by page.
    public func floatingIPs() -> Listing<FloatingIP> { Listing(self, .listFloatingIPs, key: "floating_ips") }

    /// All floating IPs of the account: complete, or an error.
    /// - Throws: ``GenesisCloudError``.
    public func listFloatingIPs() async throws -> [FloatingIP] { try await floatingIPs().all() }

    /// `PATCH /floating-ips/{id}`, idempotent.
    /// - Throws: ``GenesisCloudError``.
    public func updateFloatingIP(_ id: FloatingIP.ID, _ update: UpdateFloatingIPRequest) async throws -> FloatingIP {
        try await request(.updateFloatingIP, id.rawValue, body: update, key: "floating_ip")
    }

    /// `DELETE /floating-ips/{id}`, idempotent.
    /// - Throws: ``GenesisCloudError``.
    public func deleteFloatingIP(_ id: FloatingIP.ID) async throws { try await perform(.deleteFloatingIP, id.rawValue) }
}
