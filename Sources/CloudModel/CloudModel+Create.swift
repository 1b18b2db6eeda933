extension CloudModel {
    /// Accepts or refuses a create request. The new instance is `creating`, without addresses.
    /// - Parameters:
    ///   - id: a fresh id; the model makes none.
    ///   - now: milliseconds since 1970.
    ///   - quirks: what a fault script wants of it.
    /// - Throws: 400 with the first rule that is broken; 403 when a quota is used up; 409 when a volume or floating IP
    ///   is in use.
    public mutating func createInstance(
        _ request: InstanceRequest, id: String, now: Int64, quirks: InstanceQuirks = .none
    ) throws(CloudRefusal) -> CloudInstance {
        let name = try Self.name(request.name)
        let hostname = try required(request.hostname, "hostname")
        let type = try Self.type(try required(request.type, "type"))
        let region = request.region ?? CloudCatalogue.defaultRegion
        let image = try required(request.image, "image")
        try checkHostname(hostname)
        try CloudCatalogue.checkRegion(region)
        let (reference, snapshot) = try resolveImage(image, region: region)
        let keys = try resolveKeys(request)
        let diskSize = request.diskSize ?? max(80, snapshot?.size ?? 80)
        guard diskSize >= max(80, snapshot?.size ?? 80), diskSize <= Self.sizes.upperBound else {
            throw .invalid(
                "disk_size must be at least \(max(80, snapshot?.size ?? 80)) and at most \(Self.sizes.upperBound) GiB")
        }
        guard request.placementOption.map({ (1...64).contains($0.unicodeScalars.count) }) ?? true else {
            throw .invalid("placement_option must have 1 to 64 characters")
        }
        try checkMetadata(request.metadata)
        let groups = try resolveGroups(request.securityGroups, region: region) ?? [Self.internalGroups[0]]
        let isLongTerm = try Self.isLongTerm(request.billingType)
        guard ["static", "dynamic"].contains(request.publicIPType ?? "dynamic") else {
            throw .invalid("public_ip_type must be static or dynamic")
        }
        let attached = IDListPatch.replace(request.volumes ?? []).applied(to: [])
        for volume in attached { try checkAttachable(volume, region: region, to: id) }
        if let address = request.floatingIP { try checkFree(floatingIP: address, region: region) }
        try checkQuota(adding: type)

        var instance = CloudInstance(
            id: id, name: name, hostname: hostname, type: type.id, region: region,
            placementOption: request.placementOption ?? "AUTO", image: reference, sshKeys: keys,
            securityGroups: groups, isProtected: request.isProtected ?? isLongTerm,
            destroyOnShutdown: request.destroyOnShutdown ?? false, status: .creating, privateIP: nil, publicIP: nil,
            sshPort: nil, diskSize: diskSize, createdAt: now, updatedAt: now, sourceSnapshot: snapshot?.id, due: 0,
            isSettled: false)
        instance.volumes = attached
        instance.floatingIP = request.floatingIP
        instance.publicIPType = request.publicIPType
        instance.quirks = quirks == .none ? nil : quirks
        enter(.creating, &instance, now: now)
        for volume in attached { volumes[volume]?.instance = id }
        if let address = request.floatingIP { floatingIPs[address]?.instance = id }
        hide(instance)
        return instance
    }

    private func required(_ value: String?, _ field: String) throws(CloudRefusal) -> String {
        guard let value, !value.isEmpty else { throw .invalid("\(field) is required") }
        return value
    }

    /// - Throws: 400 with near matches.
    static func type(_ id: String) throws(CloudRefusal) -> CloudInstanceType {
        guard let type = CloudCatalogue.type(id) else {
            throw .invalid(
                "type \(id.prefix(100)) is not a known instance type\(NearMatch.hint(id, in: CloudCatalogue.types))")
        }
        return type
    }

    /// Long-term billed instances are protected from the start (Instances page, `is_protected`).
    private static func isLongTerm(_ billing: String?) throws(CloudRefusal) -> Bool {
        let known = [
            "on-demand", "prepaid-monthly", "prepaid-3-month", "prepaid-6-month", "prepaid-12-month", "reserved",
        ]
        guard let billing else { return false }
        guard known.contains(billing) else {
            throw .invalid("billing_type must be one of \(known.joined(separator: ", "))")
        }
        return billing != "on-demand"
    }

    /// A host name of RFC 1123 of one or more labels. Nothing is published; this is what a Linux guest accepts.
    private func checkHostname(_ hostname: String) throws(CloudRefusal) {
        let labels = hostname.split(separator: ".", omittingEmptySubsequences: false)
        let legal = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy {
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
                }
        }
        guard legal, hostname.utf8.count <= 253 else {
            throw .invalid("hostname \(hostname.prefix(300)) is not a valid host name")
        }
    }

    private func resolveImage(
        _ image: String, region: String
    ) throws(CloudRefusal) -> (CloudReference, CloudSnapshot?) {
        if let snapshot = snapshots[image] {
            guard snapshot.status == .created else {
                throw .invalid("snapshot \(image) is \(snapshot.status.rawValue), not created")
            }
            guard snapshot.region == region else {
                throw .invalid("snapshot \(image) is in \(snapshot.region), not in \(region)")
            }
            return (CloudReference(id: snapshot.id, name: snapshot.name), snapshot)
        }
        guard let reference = CloudCatalogue.image(image) else {
            let hint = NearMatch.hint(image, in: CloudCatalogue.imageWords)
            throw .invalid("image \(image.prefix(100)) not found\(hint)")
        }
        return (reference, nil)
    }

    private func resolveKeys(_ request: InstanceRequest) throws(CloudRefusal) -> [CloudReference] {
        let ids = request.sshKeys ?? []
        if let password = request.password {
            guard ids.isEmpty else { throw .invalid("only one of ssh_keys or password can be provided") }
            guard (16...72).contains(password.unicodeScalars.count) else {
                throw .invalid("password must have 16 to 72 characters")
            }
            // It ends up in a line of its own.
            guard !password.contains(where: { $0.isNewline || $0 == "\0" }) else {
                throw .invalid("password must be one line")
            }
            let ranges: [ClosedRange<Character>] = ["a"..."z", "A"..."Z", "0"..."9"]
            for range in ranges where !password.contains(where: { range.contains($0) }) {
                throw .invalid("password must contain a lower-case letter, an upper-case letter and a digit")
            }
            return []
        }
        guard !ids.isEmpty else { throw .invalid("ssh_keys or password is required") }
        var keys: [CloudReference] = []
        for id in ids where !keys.contains(where: { $0.id == id }) {
            guard let key = sshKeys[id] else { throw .invalid("ssh key \(id.prefix(100)) not found") }
            keys.append(CloudReference(id: key.id, name: key.name))
        }
        return keys
    }

    func resolveGroups(_ ids: [String]?, region: String) throws(CloudRefusal) -> [CloudReference]? {
        guard let ids else { return nil }
        var groups: [CloudReference] = []
        for id in ids where !groups.contains(where: { $0.id == id }) {
            guard let group = securityGroups[id], group.status != .deleting else {
                throw .invalid("security group \(id.prefix(100)) not found")
            }
            guard group.isInternal || group.region == region else {
                throw .invalid("security group \(id) is in \(group.region), not in \(region)")
            }
            groups.append(CloudReference(id: group.id, name: group.name))
        }
        return groups
    }

    private func checkMetadata(_ metadata: InstanceRequest.Metadata?) throws(CloudRefusal) {
        guard let metadata else { return }
        guard metadata.startupScript == nil || metadata.userData == nil else {
            throw .invalid("only one of metadata.startup_script or metadata.user_data can be provided")
        }
        var bytes = metadata.startupScript?.utf8.count ?? 0
        for part in metadata.userData ?? [] {
            guard let type = part.type, let content = part.content else {
                throw .invalid("metadata.user_data needs type and content")
            }
            guard type.contains("/") else {
                throw .invalid("metadata.user_data: \(type.prefix(100)) is not a content type")
            }
            bytes += content.utf8.count
        }
        guard bytes <= InstanceRequest.metadataLimit else {
            throw .invalid("metadata is \(bytes) bytes long, more than 64 KiB")
        }
    }
}
