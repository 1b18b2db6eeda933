import Foundation
import Glibc
import Testing

@testable import LocalCloud

/// Volumes with real data in them.
@Suite(.serialized) struct VolumeTests {
    private static let region = #""region":"ARC-IS-HAF-1""#

    private static func make(_ client: CloudClient, _ name: String) async throws -> String {
        let made = try await client.call("POST", "/volumes", #"{"name":"\#(name)","size":10,\#(region)}"#)
        let id = try #require(made.field("volume", "id"))
        try await eventually("volume") {
            try await client.call("GET", "/volumes/\(id)").field("volume", "status") == "created" ? () : nil
        }
        return id
    }

    private static func patch(_ client: CloudClient, _ id: String, _ volumes: String) async throws {
        let answer = try await client.call("PATCH", "/instances/\(id)", #"{"volumes":\#(volumes)}"#)
        guard answer.status == 200 else { throw TestFailure(description: answer.body) }
    }

    private struct Machines {
        let client: CloudClient
        let host: KeyPair
        let user: KeyPair

        func create(_ more: [String: any Sendable] = [:]) async throws -> String {
            let id = try await MachineTests.create(client, MachineTests.script(host: host, user: user), more)
            _ = try await client.waitForInstance(id, "active")
            return id
        }

        /// What the words print in the instance.
        func says(_ id: String, _ words: String) async throws -> String {
            let instance = try await client.call("GET", "/instances/\(id)").instance()
            return try await user.ssh(instance, pinned: host, words).output
        }

        func perform(_ action: String, _ id: String, until status: String) async throws {
            let answer = try await client.call("POST", "/instances/\(id)/actions", #"{"action":"\#(action)"}"#)
            guard answer.status == 204 else { throw TestFailure(description: answer.body) }
            _ = try await client.waitForInstance(id, status)
        }
    }

    private func withMachines(
        _ backend: LocalCloudConfiguration.Backend, _ body: @escaping @Sendable (Machines, String) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            let home = folder + "/home"
            let host = try await KeyPair.make(folder + "/host")
            let user = try await KeyPair.make(folder + "/user")
            try await withCloud(home, backend) { client in
                try await body(Machines(client: client, host: host, user: user), home)
                #expect(try await client.call("POST", "/_mayfly/stop", #"{"force":true}"#).status == 200)
                try await eventually("ended") { LocalCloudEndpoint.read(home: home) == nil ? () : nil }
            }
            try MachineTests.expectNothingLeft(home)
        }
    }

    @Test(.enabled("needs root", { geteuid() == 0 }))
    func aVolumeCarriesItsDataBetweenRunningInstances() async throws {
        try await withMachines(.isolated) { machines, home in
            let client = machines.client
            let volume = try await Self.make(client, "my data")
            let a = try await machines.create()
            let b = try await machines.create()

            // Attached to a running instance, and writable for `ubuntu`.
            try await Self.patch(client, a, #"["\#(volume)"]"#)
            #expect(try await machines.says(a, "echo kept > /mnt/my-data/file; cat /mnt/my-data/file") == "kept\n")
            #expect(try await machines.says(b, "test -e /mnt/my-data || echo none") == "none\n")
            #expect(try await client.call("PATCH", "/instances/\(b)", #"{"volumes":["\#(volume)"]}"#).status == 409)
            #expect(try await client.call("DELETE", "/volumes/\(volume)").status == 409)

            // Taken out while it is used, and put into another.
            try await Self.patch(client, a, #"{"detach":"\#(volume)"}"#)
            #expect(try await machines.says(a, "test -e /mnt/my-data || echo none") == "none\n")
            try await Self.patch(client, b, #"{"attach":"\#(volume)"}"#)
            #expect(try await machines.says(b, "cat /mnt/my-data/file; echo more >> /mnt/my-data/file") == "kept\n")

            // It is there again after every kind of restart; the snapshot is of the boot disk alone.
            try await machines.perform("reset", b, until: "active")
            #expect(try await machines.says(b, "cat /mnt/my-data/file") == "kept\nmore\n")
            try await machines.perform("stop", b, until: "stopped")
            #expect(try await client.call("DELETE", "/volumes/\(volume)").status == 409)
            try await machines.perform("start", b, until: "active")
            #expect(try await machines.says(b, "cat /mnt/my-data/file") == "kept\nmore\n")

            // Deleting the instance leaves it; the next one has it from the first boot on.
            try await MachineTests.destroy(client, b)
            let c = try await machines.create(["volumes": [volume]])
            #expect(try await machines.says(c, "cat /mnt/my-data/file") == "kept\nmore\n")
            try await MachineTests.destroy(client, c)
            #expect(try await client.call("DELETE", "/volumes/\(volume)").status == 204)
            try await eventually("gone") {
                try await client.call("GET", "/volumes/\(volume)").status == 404 ? () : nil
            }
            #expect(!Files.exists("\(home)/volumes/\(volume)"))
        }
    }

    @Test(.enabled("needs root", { geteuid() == 0 }))
    func dynamicAddressesChangeAndFloatingOnesStay() async throws {
        try await withMachines(.isolated) { machines, _ in
            let client = machines.client
            let made = try await client.call("POST", "/floating-ips", #"{"name":"f",\#(Self.region)}"#)
            let floating = try #require(made.field("floating_ip", "id"))
            let address = made.field("floating_ip", "ip_address")
            #expect(address?.hasPrefix("127.78.") == true)
            let fixed = try await machines.create(["floating_ip": floating])
            let free = try await machines.create()
            func ip(_ id: String) async throws -> String? {
                try await client.call("GET", "/instances/\(id)").field("instance", "public_ip")
            }
            let before = try await ip(free)
            #expect(try await ip(fixed) == address)
            for id in [fixed, free] {
                try await machines.perform("stop", id, until: "stopped")
                try await machines.perform("start", id, until: "active")
                #expect(try await machines.says(id, "hostname") == "small-1\n")
            }
            #expect(try await ip(fixed) == address)
            #expect(try await ip(free) != before)
            #expect(try await client.call("DELETE", "/floating-ips/\(floating)").status == 409)
        }
    }

    @Test(.enabled("needs root", { geteuid() == 0 }))
    func anSSHServerThatNeverComes() async throws {
        try await withMachines(.isolated) { machines, _ in
            let client = machines.client
            #expect(
                try await client.call("PUT", "/_mayfly/faults", "faults: [{fault: no-ssh, times: 1}]").status == 204)
            let dead = try await machines.create()
            let instance = try await client.call("GET", "/instances/\(dead)").instance()
            let address = MachineAddress(host: instance.public_ip ?? "", port: instance.ssh_port ?? 0)
            #expect(address.port != 0 && !Loopback.accepts(address))
            let alive = try await machines.create()
            #expect(try await machines.says(alive, "hostname") == "small-1\n")
            // Long after the other: it would have been up by now.
            #expect(!Loopback.accepts(address))
        }
    }

    @Test func theProcessBackendMountsAtTheNextStart() async throws {
        try await withMachines(.process) { machines, _ in
            let client = machines.client
            let volume = try await Self.make(client, "data")
            let a = try await machines.create(["volumes": [volume]])
            #expect(try await machines.says(a, "echo kept > /mnt/data/file; cat /mnt/data/file") == "kept\n")
            try await MachineTests.destroy(client, a)
            let b = try await machines.create()
            try await Self.patch(client, b, #"{"attach":"\#(volume)"}"#)
            try await machines.perform("stop", b, until: "stopped")
            try await machines.perform("start", b, until: "active")
            #expect(try await machines.says(b, "cat /mnt/data/file") == "kept\n")
        }
    }
}
