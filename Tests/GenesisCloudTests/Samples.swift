import Foundation
import GenesisCloud

/// The Instances page's own samples.
enum Samples {
    static let token = "GCtokenThatNobodyMaySee0123456789"

    static func instance(_ id: String = "9e8ce501-d692-402c-8fca-5a8f5d8ddd57", more: String = "") -> String {
        """
        {"id": "\(id)", "name": "name", "hostname": "hostname",
        "type": "vcpu-4_memory-12g_disk-80g_nvidia1080ti-1", "region": "ARC-IS-HAF-1",
        "image": {"id": "ac26fa2b-c6d5-47a7-bc4e-5a219797e70f", "name": "Ubuntu 20.04"},
        "floating_ip": {"id": "db1bf06d-528d-4fac-96d8-390798f83388", "name": "<floating_ip_name>"},
        "ssh_keys": [{"id": "45bcd3ac-fccd-4eea-a812-21f01d665464", "name": "ssh-key-name"}],
        "security_groups": [{"id": "fd537d69-9db7-4a44-83b8-96f79d10071a", "name": "standard"}],
        "volumes": [{"id": "0580fb4c-de74-4b83-8bdb-1fd87d89f827", "name": "<volume_name>"}],
        "is_protected": false, "status": "active", "private_ip": "192.168.10.124", "public_ip": "198.51.100.127",
        "disk_size": 128, "created_at": "2020-03-23T10:09:29.152Z", "updated_at": "2020-03-23T10:10:28.797Z"\(more)}
        """
    }

    static func decode<T: Decodable>(_ json: String) throws -> T {
        try JSONDecoder().decode(T.self, from: Data(json.utf8))
    }

    static var created: String { "{\"instance\": \(instance())}" }

    static func page(_ ids: [String], total: Int?, page: Int = 1, size: Int = 100) -> String {
        let items = ids.map { instance($0) }.joined(separator: ",")
        let count = total.map { "\"total_count\": \($0), " } ?? ""
        return "{\"instances\": [\(items)], \(count)\"page\": \(page), \"per_page\": \(size)}"
    }

    static let request = CreateInstanceRequest(
        name: "n", hostname: "mf-abcdefgh-aaaaaab-bb-cccccccc", type: "vcpu-2_memory-4g_disk-80g",
        region: "ARC-IS-HAF-1", image: "ubuntu-22.04", sshKeys: ["k-1"],
        metadata: .startupScript("#!/bin/bash\necho hi"))
}

extension GenesisCloudClient {
    /// A client of a scripted server that pauses for no time at all.
    static func testing(
        port: Int, scheme: String = "http", token: String = Samples.token, time: any TimeSource = InstantTime(),
        change: (inout Configuration) -> Void = { _ in }
    ) throws -> GenesisCloudClient {
        var configuration = Configuration()
        configuration.requestTimeout = .seconds(20)
        configuration.time = time
        configuration.jitter = { 1 }
        configuration.retry.firstPause = .milliseconds(250)
        change(&configuration)
        return GenesisCloudClient(
            endpoint: try Endpoint(parsing: "\(scheme)://127.0.0.1:\(port)"), token: token,
            configuration: configuration)
    }
}
