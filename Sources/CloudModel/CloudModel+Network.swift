/// The body of `POST /security-groups` and its `PATCH`, decoded but not judged.
public struct SecurityGroupRequest: Codable, Hashable, Sendable {
    public struct Rule: Codable, Hashable, Sendable {
        public var networkProtocol: String?
        public var direction: String?
        public var portRangeMin: Int?
        public var portRangeMax: Int?

        public init(networkProtocol: String?, direction: String?, portRangeMin: Int? = nil, portRangeMax: Int? = nil) {
            self.networkProtocol = networkProtocol
            self.direction = direction
            self.portRangeMin = portRangeMin
            self.portRangeMax = portRangeMax
        }

        private enum CodingKeys: String, CodingKey {
            case direction
            case networkProtocol = "protocol"
            case portRangeMin = "port_range_min"
            case portRangeMax = "port_range_max"
        }
    }

    public var name: String?
    public var description: String?
    public var region: String?
    public var rules: [Rule]?

    public init(name: String? = nil, description: String? = nil, region: String? = nil, rules: [Rule]? = nil) {
        self.name = name
        self.description = description
        self.region = region
        self.rules = rules
    }
}

/// The body of `POST /floating-ips` and its `PATCH`, decoded but not judged.
public struct FloatingIPRequest: Codable, Hashable, Sendable {
    public var name: String?
    public var description: String?
    public var region: String?
    public var version: String?

    public init(name: String? = nil, description: String? = nil, region: String? = nil, version: String? = nil) {
        self.name = name
        self.description = description
        self.region = region
        self.version = version
    }
}

extension CloudModel {
    mutating func addInternalGroups() {
        let open: [(String, Int?)] = [("icmp", nil), ("tcp", 22), ("tcp", 80), ("tcp", 443)]
        for (reference, rules) in zip(Self.internalGroups, [open, [("all", nil)]])
        where securityGroups[reference.id] == nil {
            securityGroups[reference.id] = CloudSecurityGroup(
                id: reference.id, name: reference.name, description: "", region: CloudCatalogue.defaultRegion,
                isInternal: true,
                rules: rules.map { rule in
                    .init(networkProtocol: rule.0, direction: "ingress", portRangeMin: rule.1, portRangeMax: rule.1)
                }, status: .created, createdAt: 1_700_000_000_000, updatedAt: 1_700_000_000_000, due: 0)
        }
    }

    /// Starts a security group.
    /// - Throws: 400; 403 at the quota.
    public mutating func createSecurityGroup(
        _ request: SecurityGroupRequest, id: String, now: Int64
    ) throws(CloudRefusal) -> CloudSecurityGroup {
        let group = CloudSecurityGroup(
            id: id, name: try Self.groupName(request.name), description: try Self.description(request.description),
            region: try Self.region(request.region), isInternal: false, rules: try Self.rules(request.rules),
            status: .creating, createdAt: now, updatedAt: now, due: now + delays.resource)
        guard securityGroups.count < limits.securityGroups else {
            throw .quota("\(limits.securityGroups) security groups")
        }
        securityGroups[id] = group
        timers.add(.securityGroup, id, at: group.due)
        return group
    }

    /// Renames a security group, or replaces all its rules.
    /// - Throws: 404, 400; 409 for one that every account has, or while it is going.
    public mutating func patchSecurityGroup(
        _ id: String, _ request: SecurityGroupRequest, now: Int64
    ) throws(CloudRefusal) -> CloudSecurityGroup {
        var group = try securityGroup(id)
        guard !group.isInternal else { throw .conflict("Security group \(group.name) cannot be changed") }
        guard group.status != .deleting else { throw .conflict("Security group \(id) is being deleted") }
        if let name = request.name { group.name = try Self.groupName(name) }
        if let description = request.description { group.description = try Self.description(description) }
        if let rules = request.rules { group.rules = try Self.rules(rules) }
        group.updatedAt = now
        securityGroups[id] = group
        return group
    }

    /// Starts a security group's deletion.
    /// - Throws: 404; 409 while an instance has it, a stopped one too.
    public mutating func deleteSecurityGroup(_ id: String, now: Int64) throws(CloudRefusal) {
        var group = try securityGroup(id)
        guard !group.isInternal else { throw .conflict("Security group \(group.name) cannot be deleted") }
        if let user = instances.first(where: { $0.securityGroups.contains { $0.id == id } }) {
            throw .inUse("Security group", id, by: "instance \(user.id)")
        }
        group.status = .deleting
        group.due = now + delays.resource
        group.updatedAt = now
        securityGroups[id] = group
        timers.add(.securityGroup, id, at: group.due)
    }

    private static func groupName(_ name: String?) throws(CloudRefusal) -> String {
        let name = try Self.name(name)
        guard !internalGroups.contains(where: { $0.name == name }) else {
            throw .invalid("name \(name) is reserved")
        }
        return name
    }

    private static func rules(_ rules: [SecurityGroupRequest.Rule]?) throws(CloudRefusal) -> [CloudSecurityGroup.Rule] {
        guard let rules, !rules.isEmpty else { throw .invalid("rules must have at least one rule") }
        guard rules.count <= 500 else { throw .invalid("rules must not be more than 500") }
        var checked: [CloudSecurityGroup.Rule] = []
        for (index, rule) in rules.enumerated() {
            guard let name = rule.networkProtocol, ["tcp", "udp", "icmp", "all"].contains(name) else {
                throw .invalid("rules[\(index)].protocol must be tcp, udp, icmp or all")
            }
            guard let direction = rule.direction, ["ingress", "egress"].contains(direction) else {
                throw .invalid("rules[\(index)].direction must be ingress or egress")
            }
            let (low, high) = (rule.portRangeMin, rule.portRangeMax)
            guard (low == nil) == (high == nil), [low, high].allSatisfy({ (1...65_535).contains($0 ?? 1) }),
                low ?? 1 <= high ?? 65_535
            else {
                throw .invalid(
                    "rules[\(index)]: port_range_min and port_range_max must be 1 to 65535 in order, or both be null")
            }
            checked.append(
                .init(networkProtocol: name, direction: direction, portRangeMin: low, portRangeMax: high))
        }
        return checked
    }

    /// Starts a floating IP, whose address is known at once.
    /// - Throws: 400; 403 at the quota.
    public mutating func createFloatingIP(
        _ request: FloatingIPRequest, id: String, now: Int64
    ) throws(CloudRefusal) -> CloudFloatingIP {
        let name = try Self.name(request.name)
        let description = try Self.description(request.description)
        let region = try Self.region(request.region)
        guard request.version ?? "ipv4" == "ipv4" else { throw .invalid("version must be ipv4") }
        guard floatingIPs.count < limits.floatingIPs, let address = freeFloatingAddress(id) else {
            throw .quota("\(limits.floatingIPs) floating IPs")
        }
        let made = CloudFloatingIP(
            id: id, name: name, description: description, address: address, region: region, status: .creating,
            instance: nil, createdAt: now, updatedAt: now, due: now + delays.resource)
        floatingIPs[id] = made
        timers.add(.floatingIP, id, at: made.due)
        return made
    }

    /// Loopback's `127.78.0.0/16`: beside the `127.77` of dynamic addresses, so that real machines can have it.
    private func freeFloatingAddress(_ id: String) -> String? {
        let taken = Set(floatingIPs.map(\.address))
        let start = id.utf8.reduce(into: 0) { $0 = ($0 &* 31 &+ Int($1)) & 0xffff }
        return (0..<64_000).lazy.map { (start + $0) % 64_000 }
            .map { "127.78.\($0 / 250).\($0 % 250 + 1)" }.first { !taken.contains($0) }
    }

    /// Renames a floating IP.
    /// - Throws: 404, 400; 409 while it is going.
    public mutating func patchFloatingIP(
        _ id: String, _ request: FloatingIPRequest, now: Int64
    ) throws(CloudRefusal) -> CloudFloatingIP {
        var address = try floatingIP(id)
        guard address.status != .deleting else { throw .conflict("Floating IP \(id) is being deleted") }
        if let name = request.name { address.name = try Self.name(name) }
        if let description = request.description { address.description = try Self.description(description) }
        address.updatedAt = now
        floatingIPs[id] = address
        return address
    }

    /// Starts a floating IP's deletion.
    /// - Throws: 404; 409 while an instance has it.
    public mutating func deleteFloatingIP(_ id: String, now: Int64) throws(CloudRefusal) {
        var address = try floatingIP(id)
        if let user = address.instance { throw .inUse("Floating IP", id, by: "instance \(user)") }
        address.status = .deleting
        address.due = now + delays.resource
        address.updatedAt = now
        floatingIPs[id] = address
        timers.add(.floatingIP, id, at: address.due)
    }

    func checkFree(floatingIP id: String, region: String) throws(CloudRefusal) {
        guard let address = floatingIPs[id] else { throw .invalid("floating IP \(id.prefix(100)) not found") }
        guard address.region == region else {
            throw .invalid("floating IP \(id) is in \(address.region), not in \(region)")
        }
        guard address.status == .created else {
            throw .conflict("Floating IP \(id) is \(address.status.rawValue), not created")
        }
        if let user = address.instance { throw .inUse("Floating IP", id, by: "instance \(user)") }
    }
}
