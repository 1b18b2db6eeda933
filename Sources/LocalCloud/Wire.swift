import CloudModel

/// The API's JSON, spelled from the Instances page and its neighbours. Absent values are `null`, not left out.
enum Wire {
    struct Reference: Encodable {
        let id: String
        let name: String

        init(_ reference: CloudReference) {
            id = reference.id
            name = reference.name
        }
    }

    struct Instance: Encodable {
        let instance: CloudInstance

        private enum Key: String, CodingKey {
            case id, name, hostname, type, region, placement_option, image, floating_ip, ssh_keys, security_groups
            case volumes, is_protected, status, private_ip, public_ip, disk_size, created_at, updated_at
            /// This cloud's extension: where SSH listens when it is not 22.
            case ssh_port
        }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            try out.encode(instance.id, forKey: .id)
            try out.encode(instance.name, forKey: .name)
            try out.encode(instance.hostname, forKey: .hostname)
            try out.encode(instance.type, forKey: .type)
            try out.encode(instance.region, forKey: .region)
            try out.encode(instance.placementOption, forKey: .placement_option)
            try out.encode(Reference(instance.image), forKey: .image)
            try out.encodeNil(forKey: .floating_ip)
            try out.encode(instance.sshKeys.map(Reference.init), forKey: .ssh_keys)
            try out.encode(instance.securityGroups.map(Reference.init), forKey: .security_groups)
            try out.encode([String](), forKey: .volumes)
            try out.encode(instance.isProtected, forKey: .is_protected)
            try out.encode(instance.status.rawValue, forKey: .status)
            try out.encode(instance.privateIP, forKey: .private_ip)
            try out.encode(instance.publicIP, forKey: .public_ip)
            try out.encode(instance.sshPort, forKey: .ssh_port)
            try out.encode(instance.diskSize, forKey: .disk_size)
            try out.encode(Timestamp.text(instance.createdAt), forKey: .created_at)
            try out.encode(Timestamp.text(instance.updatedAt), forKey: .updated_at)
        }
    }

    struct Snapshot: Encodable {
        let id: String, name: String, size: Int, region: String, status: String
        let resource_id: String, created_at: String, updated_at: String

        init(_ snapshot: CloudSnapshot) {
            id = snapshot.id
            name = snapshot.name
            size = snapshot.size
            region = snapshot.region
            status = snapshot.status.rawValue
            resource_id = snapshot.resourceID
            created_at = Timestamp.text(snapshot.createdAt)
            updated_at = Timestamp.text(snapshot.updatedAt)
        }
    }

    struct SSHKey: Encodable {
        let id: String, name: String, value: String, fingerprint: String, type: String, size: Int
        let created_at: String, updated_at: String

        init(_ key: CloudSSHKey) {
            id = key.id
            name = key.name
            value = key.value
            fingerprint = key.facts.fingerprint
            type = key.facts.type
            size = key.facts.size
            created_at = Timestamp.text(key.createdAt)
            updated_at = Timestamp.text(key.updatedAt)
        }
    }

    struct Image: Encodable {
        let id: String, name: String, slug: String, versions: [String], type: String, os_type = "linux"
        let regions: [String], created_at: String, updated_at: String

        init(_ image: CloudCatalogue.Image) {
            id = image.id
            name = image.name
            slug = image.slug
            versions = image.versions
            type = image.type
            regions = CloudCatalogue.regions
            created_at = Timestamp.text(image.createdAt)
            updated_at = created_at
        }
    }

    /// `{"<key>": value}`, plus paging where there is any.
    struct Envelope<Value: Encodable>: Encodable {
        let key: String
        let value: Value
        var paging: (total: Int, page: Int, perPage: Int)?

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Key.self)
            try out.encode(value, forKey: Key(stringValue: key))
            guard let paging else { return }
            try out.encode(paging.total, forKey: Key(stringValue: "total_count"))
            try out.encode(paging.page, forKey: Key(stringValue: "page"))
            try out.encode(paging.perPage, forKey: Key(stringValue: "per_page"))
        }
    }

    struct Failure: Encodable {
        let code: String
        let message: String
    }
}

/// ISO 8601 in UTC with milliseconds, as the API writes times.
enum Timestamp {
    static func text(_ milliseconds: Int64) -> String {
        let days = Int(milliseconds / 86_400_000)
        let rest = Int(milliseconds % 86_400_000)
        // Howard Hinnant's civil_from_days.
        let z = days + 719_468
        let era = z / 146_097
        let doe = z - era * 146_097
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
        let mp = (5 * doy + 2) / 153
        let day = doy - (153 * mp + 2) / 5 + 1
        let month = mp < 10 ? mp + 3 : mp - 9
        let year = yoe + era * 400 + (month <= 2 ? 1 : 0)
        let date = "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))"
        let time = "\(pad(rest / 3_600_000, 2)):\(pad(rest / 60_000 % 60, 2)):\(pad(rest / 1000 % 60, 2))"
        return "\(date)T\(time).\(pad(rest % 1000, 3))Z"
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
