extension CloudModel {
    /// Accepts or refuses a create request. The new instance is `creating`, without addresses.
    /// - Parameters:
    ///   - id: a fresh id; the model makes none.
    ///   - now: milliseconds since 1970.
    /// - Throws: 400 with the first rule that is broken.
    public mutating func createInstance(
        _ request: InstanceRequest, id: String, now: Int64
    ) throws(CloudRefusal) -> CloudInstance {
        let name = try required(request.name, "name")
        let hostname = try required(request.hostname, "hostname")
        let type = try required(request.type, "type")
        let region = try required(request.region, "region")
        let image = try required(request.image, "image")
        guard name.utf8.count <= 255 else {
            throw .invalid("name must not be longer than 255 characters")
        }
        try checkHostname(hostname)
        guard CloudCatalogue.knowsType(type) else {
            throw .invalid("type \(type) is not a known instance type")
        }
        guard CloudCatalogue.regions.contains(region) else {
            throw .invalid("region \(region) is not a known region")
        }
        let (reference, snapshot) = try resolveImage(image, region: region)
        let keys = try resolveKeys(request)
        let diskSize = request.diskSize ?? max(80, snapshot?.size ?? 80)
        guard diskSize >= max(80, snapshot?.size ?? 80), diskSize <= 1 << 20 else {
            throw .invalid("disk_size must be at least \(max(80, snapshot?.size ?? 80)) GiB")
        }
        guard (request.volumes ?? []).isEmpty else { throw .invalid("volumes: no such volume") }
        guard request.floatingIP == nil else { throw .invalid("floating_ip: no such floating IP") }
        try checkMetadata(request.metadata)
        let instance = CloudInstance(
            id: id, name: name, hostname: hostname, type: type, region: region,
            placementOption: request.placementOption ?? "AUTO", image: reference, sshKeys: keys,
            securityGroups: try resolveGroups(request.securityGroups) ?? [Self.securityGroups[0]],
            isProtected: request.isProtected ?? false,
            destroyOnShutdown: request.destroyOnShutdown ?? false,
            status: .creating, privateIP: nil, publicIP: nil, sshPort: nil, diskSize: diskSize,
            createdAt: now,
            updatedAt: now, sourceSnapshot: snapshot?.id, due: now + delays.create, isSettled: false)
        instances.append(instance)
        return instance
    }

    private func required(_ value: String?, _ field: String) throws(CloudRefusal) -> String {
        guard let value, !value.isEmpty else { throw .invalid("\(field) is required") }
        return value
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
            throw .invalid("hostname \(hostname) is not a valid host name")
        }
    }

    private func resolveImage(
        _ image: String, region: String
    ) throws(CloudRefusal) -> (CloudReference, CloudSnapshot?) {
        if let snapshot = snapshots.first(where: { $0.id == image }) {
            guard snapshot.status == .created else {
                throw .invalid("snapshot \(image) is \(snapshot.status.rawValue), not created")
            }
            guard snapshot.region == region else {
                throw .invalid("snapshot \(image) is in \(snapshot.region), not in \(region)")
            }
            return (CloudReference(id: snapshot.id, name: snapshot.name), snapshot)
        }
        guard let reference = CloudCatalogue.image(image) else {
            throw .invalid("image \(image) not found")
        }
        return (reference, nil)
    }

    private func resolveKeys(_ request: InstanceRequest) throws(CloudRefusal) -> [CloudReference] {
        let ids = request.sshKeys ?? []
        if let password = request.password {
            guard ids.isEmpty else { throw .invalid("only one of ssh_keys or password can be provided") }
            guard password.count >= 16, password.count <= 72 else {
                throw .invalid("password must have 16 to 72 characters")
            }
            let ranges: [ClosedRange<Character>] = ["a"..."z", "A"..."Z", "0"..."9"]
            for range in ranges where !password.contains(where: { range.contains($0) }) {
                throw .invalid(
                    "password must contain a lower-case letter, an upper-case letter and a digit")
            }
            return []
        }
        guard !ids.isEmpty else { throw .invalid("ssh_keys or password is required") }
        var keys: [CloudReference] = []
        for id in ids {
            guard let key = sshKeys.first(where: { $0.id == id }) else {
                throw .invalid("ssh key \(id) not found")
            }
            keys.append(CloudReference(id: key.id, name: key.name))
        }
        return keys
    }

    func resolveGroups(_ ids: [String]?) throws(CloudRefusal) -> [CloudReference]? {
        guard let ids else { return nil }
        var groups: [CloudReference] = []
        for id in ids {
            guard let group = Self.securityGroups.first(where: { $0.id == id }) else {
                throw .invalid("security group \(id) not found")
            }
            groups.append(group)
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
                throw .invalid("metadata.user_data: \(type) is not a content type")
            }
            bytes += content.utf8.count
        }
        guard bytes <= InstanceRequest.metadataLimit else {
            throw .invalid("metadata is \(bytes) bytes long, more than 64 KiB")
        }
    }
}
