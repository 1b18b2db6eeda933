import Foundation
import Glibc
import Testing

@testable import LocalCloud

/// Real machines. They need root and overlays, or bwrap; where neither works the suite is visibly disabled.
@Suite(.serialized) struct MachineTests {
    static func script(host: KeyPair, user: KeyPair, more: String = "") -> String {
        let secret = host.secret.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        return """
            #cloud-config
            ssh_keys:
              ed25519_private: |
            \(secret)
              ed25519_public: \(host.line)
            ssh_authorized_keys: ["\(user.line)"]
            write_files:
              - {path: /var/lib/mayfly/written, content: "from write_files\\n", permissions: "0600"}
            bootcmd:
              - echo early > /var/lib/mayfly/boot
            runcmd:
              - echo late > /var/lib/mayfly/run
            \(more)
            """
    }

    static func create(
        _ client: CloudClient, _ script: String, image: String = "ubuntu:22.04", _ more: [String: any Sendable] = [:]
    ) async throws -> String {
        let key = try await client.call("POST", "/ssh-keys", #"{"name":"k","value":"\#(HTTPShapeTests.keyLine)"}"#)
        var body: [String: Any] = [
            "name": "n", "hostname": "small-1", "type": "vcpu-2_memory-4g_disk-80g", "region": "ARC-IS-HAF-1",
            "image": image, "ssh_keys": [try key.id()], "metadata": ["startup_script": script],
        ]
        body.merge(more) { _, new in new }
        let text = String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
        let made = try await client.call("POST", "/instances", text)
        guard made.status == 201 else { throw TestFailure(description: made.body) }
        return try made.instance().id
    }

    static func destroy(_ client: CloudClient, _ id: String) async throws {
        #expect(try await client.call("DELETE", "/instances/\(id)").status == 204)
        try await eventually("gone") { try await client.call("GET", "/instances/\(id)").status == 404 ? () : nil }
    }

    static func expectNothingLeft(_ home: String) throws {
        #expect(try FileManager.default.contentsOfDirectory(atPath: home + "/instances").isEmpty)
        let mounts = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)
        #expect(!mounts.contains(home))
        for pid in ProcessTree.allProcesses() {
            #expect(Files.text("/proc/\(pid)/cmdline")?.contains(home) != true)
        }
    }

    @Test(.enabled("needs root", { geteuid() == 0 }))
    func isolatedLifeAdoptionSnapshotAndDeath() async throws {
        try await withFolder { folder in
            let home = folder + "/home"
            let host = try await KeyPair.make(folder + "/host")
            let user = try await KeyPair.make(folder + "/user")
            let (id, first) = try await withCloud(home, .isolated) { client in
                let start = ContinuousClock.now
                let id = try await Self.create(client, Self.script(host: host, user: user))
                let instance = try await client.waitForInstance(id, "active")
                #expect(ContinuousClock.now - start < .seconds(5))
                #expect(instance.public_ip?.hasPrefix("127.77.") == true)
                let seen = try await user.ssh(
                    instance, pinned: host,
                    "id -un; hostname; cat /var/lib/mayfly/boot; ls /root \(folder) 2>&1; sudo -n id -u")
                #expect(seen.output.hasPrefix("ubuntu\nsmall-1\nearly\n"), "\(seen.output)")
                #expect(seen.output.contains("\(folder)': No such file"), "\(seen.output)")
                #expect(seen.output.hasSuffix("\n0\n"), "\(seen.output)")
                let result = try await eventually("boot finished") {
                    let result = try await user.ssh(
                        instance, pinned: host, "cat /run/cloud-init/result.json /var/lib/mayfly/run")
                    return result.succeeded ? result.output : nil
                }
                #expect(result.contains(#""errors": []"#) && result.hasSuffix("late\n"), "\(result)")
                #expect(try await client.call("POST", "/_mayfly/stand-down").status == 200)
                try await eventually("endpoint removed") { LocalCloudEndpoint.read(home: home) == nil ? () : nil }
                return (id, instance)
            }
            try await withCloud(home, .isolated) { client in
                let instance = try await client.waitForInstance(id, "active")
                #expect((instance.public_ip, instance.ssh_port) == (first.public_ip, first.ssh_port))
                // The same machine, not another boot of it: its /run is still there.
                let same = try await user.ssh(
                    instance, pinned: host,
                    "cat /run/cloud-init/result.json && echo kept > mark && sudo -n rm /etc/hostname")
                #expect(same.succeeded, "\(same.output)")
                let snapshot = try await client.call("POST", "/instances/\(id)/snapshots", #"{"name":"s"}"#)
                    .snapshotID()
                try await eventually("created") {
                    try await client.call("GET", "/snapshots/\(snapshot)").body.contains(#""status":"created""#)
                        ? () : nil
                }
                let copy = try await Self.create(client, Self.script(host: host, user: user), image: snapshot)
                let twin = try await client.waitForInstance(copy, "active")
                #expect(twin.public_ip != instance.public_ip)
                let mark = try await user.ssh(twin, pinned: host, "cat mark; test -e /etc/hostname || echo removed")
                #expect(mark.output == "kept\nremoved\n", "\(mark.output)")
                #expect(try await user.ssh(instance, pinned: host, "echo thawed").output == "thawed\n")

                #expect(
                    try await client.call("POST", "/instances/\(copy)/actions", #"{"action":"stop"}"#).status == 204)
                _ = try await client.waitForInstance(copy, "stopped")
                #expect(
                    try await client.call("POST", "/instances/\(copy)/actions", #"{"action":"start"}"#).status == 204)
                let again = try await client.waitForInstance(copy, "active")
                #expect(try await user.ssh(again, pinned: host, "cat mark").output == "kept\n")
                _ = try await user.ssh(again, pinned: host, "sudo -n poweroff")
                _ = try await client.waitForInstance(copy, "stopped")

                #expect(try await client.call("DELETE", "/snapshots/\(snapshot)").status == 204)
                try await Self.destroy(client, copy)
                try await Self.destroy(client, id)
                try Self.expectNothingLeft(home)
            }
        }
    }

    @Test(.enabled("needs root", { geteuid() == 0 }))
    func instancesEndWithTheirHome() async throws {
        try await withFolder { folder in
            let home = folder + "/home"
            let host = try await KeyPair.make(folder + "/host")
            try await withCloud(home, .isolated) { client in
                let id = try await Self.create(client, Self.script(host: host, user: host))
                let instance = try await client.waitForInstance(id, "active")
                #expect(rename(home, home + ".moved") == 0)
                let port = MachineAddress(host: instance.public_ip ?? "", port: instance.ssh_port ?? 0)
                try await eventually("ended") { Loopback.accepts(port) ? nil : () }
            }
        }
    }

    @Test func processBackendBootsAndEnds() async throws {
        try await withFolder { folder in
            let home = folder + "/home"
            let host = try await KeyPair.make(folder + "/host")
            let user = try await KeyPair.make(folder + "/user")
            try await withCloud(home, .process) { client in
                let id = try await Self.create(client, Self.script(host: host, user: user))
                let instance = try await client.waitForInstance(id, "active")
                let seen = try await user.ssh(instance, pinned: host, "id -un; hostname; cat /var/lib/mayfly/boot")
                #expect(seen.output == "ubuntu\nsmall-1\nearly\n", "\(seen.output)")
                try await Self.destroy(client, id)
                try Self.expectNothingLeft(home)
            }
        }
    }

    /// A local cloud killed between its note of a first boot and the boot goes on with it; one that had begun and died has
    /// failed: it is never repeated.
    @Test(arguments: [false, true]) func aFirstBootThatWasNoted(hadBegun: Bool) async throws {
        try await withFolder { folder in
            let home = folder + "/home"
            let host = try await KeyPair.make(folder + "/host")
            let id = try await withCloud(home, .process) { client in
                let id = try await Self.create(client, Self.script(host: host, user: host))
                _ = try await client.waitForInstance(id, "active")
                return id
            }
            let machines = home + "/instances"
            let backend = HostBackend(
                kind: .process, machines: machines, disks: machines, snapshots: home + "/snapshots",
                volumes: home + "/volumes", masks: [])
            try await backend.kill(id)
            if !hadBegun { try FileManager.default.removeItem(atPath: "\(machines)/\(id)/begun") }
            // As it was written just before the boot.
            let state = URL(fileURLWithPath: home + "/state.json")
            let text = String(decoding: try Data(contentsOf: state), as: UTF8.self)
            let noted = text.replacing(#""status":"active""#, with: #""status":"creating""#)
            #expect(noted != text && noted.contains(#""hasBooted":true"#))
            try Data(noted.utf8).write(to: state)
            try await withCloud(home, .process) { client in
                _ = try await client.waitForInstance(id, hadBegun ? "error" : "active")
                try await Self.destroy(client, id)
                try Self.expectNothingLeft(home)
            }
        }
    }
}
