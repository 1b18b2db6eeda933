/// One line of `GET /quotas`.
public struct CloudQuota: Hashable, Sendable {
    public struct Flavor: Hashable, Sendable {
        public let name: String
        public let productName: String
        public let unit: String
        public let used: Int
    }

    public let key: String
    public let capacity: Int
    public let used: Int
    public let flavors: [Flavor]
}

extension CloudModel {
    /// What the account may have and has.
    public var quotas: [CloudQuota] {
        var counts: [String: Int] = [:]
        for instance in instances { counts[instance.type, default: 0] += 1 }
        let flavors = counts.keys.sorted().map { id in
            CloudQuota.Flavor(
                name: id, productName: CloudCatalogue.type(id)?.productName ?? id, unit: "instance",
                used: counts[id] ?? 0)
        }
        func line(_ key: String, _ capacity: Int, _ used: Int) -> CloudQuota {
            CloudQuota(key: key, capacity: capacity, used: used, flavors: [])
        }
        return [
            CloudQuota(key: "instances", capacity: limits.instances, used: instances.count, flavors: flavors),
            line("vcpus", limits.vcpus, usedVCPUs), line("volumes_gib", limits.volumeSize, usedVolumeSize),
            line("filesystems_gib", limits.filesystemSize, filesystems.reduce(0) { $0 + $1.size }),
            line("snapshots", limits.snapshots, snapshots.count),
            line("floating_ips", limits.floatingIPs, floatingIPs.count),
            line("security_groups", limits.securityGroups, securityGroups.count),
        ]
    }

    private var usedVCPUs: Int { instances.reduce(0) { $0 + (CloudCatalogue.type($1.type)?.vcpus ?? 0) } }
    private var usedVolumeSize: Int { volumes.reduce(0) { $0 + $1.size } }

    func checkQuota(adding type: CloudInstanceType) throws(CloudRefusal) {
        guard instances.count < limits.instances else { throw .quota("\(limits.instances) instances") }
        // Counting them all is work; it is only done where the limit can matter.
        guard limits.vcpus < 192 * (instances.count + 1) else { return }
        guard usedVCPUs + type.vcpus <= limits.vcpus else { throw .quota("\(limits.vcpus) vCPUs") }
    }

    func checkQuota(addingVolume size: Int) throws(CloudRefusal) {
        guard usedVolumeSize + size <= limits.volumeSize else { throw .quota("\(limits.volumeSize) GiB of volumes") }
    }
}
