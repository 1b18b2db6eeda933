import Foundation
import GenesisCloud

@testable import MayflyCommands

/// Things of the cloud as its API writes them.
enum CloudSamples {
    static func id(_ number: Int) -> String {
        let digits = String(number)
        return "9e8ce501-d692-402c-8fca-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    static func decode<Value: Decodable>(_ fields: [String: Any], as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(Value.self, from: JSONSerialization.data(withJSONObject: fields))
    }

    static func instance(_ number: Int, _ name: String, _ changes: [String: Any] = [:]) throws -> Instance {
        try decode(
            [
                "id": id(number), "name": name, "hostname": name, "status": "active",
                "type": "vcpu-4_memory-12g_disk-80g_nvidia3080-1", "region": "ARC-IS-HAF-1",
                "image": ["id": id(900), "name": "Ubuntu 20.04"], "floating_ip": NSNull(),
                "ssh_keys": [["id": id(901), "name": "laptop"]],
                "security_groups": [["id": id(902), "name": "standard"]],
                "volumes": [[String: Any]](), "is_protected": false, "private_ip": "192.168.10.124",
                "public_ip": "198.51.100.127", "disk_size": 128, "created_at": "2020-03-23T10:09:29.152Z",
                "updated_at": "2020-03-23T10:10:28.797Z",
            ].merging(changes) { $1 })
    }

    static func image(_ number: Int, _ name: String, slug: String, versions: [String] = []) throws -> Image {
        try decode(["id": id(number), "name": name, "slug": slug, "versions": versions, "regions": ["ARC-IS-HAF-1"]])
    }

    static func availability(_ region: String, _ types: [(String, Bool, Int?)]) throws -> Availability {
        try decode([
            "type": "instances", "region": region,
            "instance_types": types.map { type, isFree, count in
                var entry: [String: Any] = ["type": type, "available": isFree]
                entry["count"] = count
                return entry
            },
        ])
    }
}
