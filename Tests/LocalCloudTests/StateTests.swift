import CloudModel
import Foundation
import Testing

@testable import LocalCloud

/// What survives, and what a killed cloud leaves.
@Suite struct StateTests {
    private static func make(_ client: CloudClient, _ path: String, _ body: String, _ key: String) async throws
        -> String
    {
        let made = try await client.call("POST", path, body)
        guard made.status == 201, let id = made.field(key, "id") else { throw TestFailure(description: made.body) }
        try await eventually("created") {
            try await client.call("GET", "\(path)/\(id)").field(key, "status") == "created" ? () : nil
        }
        return id
    }

    @Test func everyResourceSurvivesARestart() async throws {
        try await withFolder { folder in
            let home = folder + "/home"
            let texts = try await withCloud(home, .simulated) { client in
                let region = #""region":"ARC-IS-HAF-1""#
                let volume = try await Self.make(client, "/volumes", #"{"name":"v","size":5,\#(region)}"#, "volume")
                let address = try await Self.make(client, "/floating-ips", #"{"name":"f",\#(region)}"#, "floating_ip")
                let rules = #""rules":[{"protocol":"tcp","direction":"ingress","port_range_min":1,"port_range_max":2}]"#
                let group = try await Self.make(
                    client, "/security-groups", #"{"name":"g",\#(region),\#(rules)}"#, "security_group")
                _ = try await Self.make(client, "/filesystems", #"{"name":"fs","size":5,\#(region)}"#, "filesystem")
                let key = try await client.call(
                    "POST", "/ssh-keys", #"{"name":"k","value":"\#(HTTPShapeTests.keyLine)"}"#
                ).id()
                let wish = HTTPShapeTests.wish(
                    key, #","volumes":["\#(volume)"],"security_groups":["\#(group)"],"floating_ip":"\#(address)""#)
                let id = try await client.call("POST", "/instances", wish).instance().id
                let up = try await client.waitForInstance(id, "active")
                #expect(up.public_ip?.hasPrefix("127.78.") == true)
                return try await Self.everything(client)
            }
            #expect(texts.allSatisfy { $0.contains(#""total_count":"#) })
            // As after kill -9: nothing but what was written step by step.
            let again = try await withCloud(home, .simulated) { client in try await Self.everything(client) }
            #expect(again == texts)
        }
    }

    private static func everything(_ client: CloudClient) async throws -> [String] {
        var texts: [String] = []
        for path in ["instances", "volumes", "floating-ips", "security-groups", "filesystems", "ssh-keys"] {
            texts.append(try await client.call("GET", "/\(path)").body)
        }
        return texts
    }

    private func fresh(_ home: String) throws -> (CloudState, CloudStore) {
        try CloudStore.open(home: home, isDurable: false, delays: .init(), limits: nil)
    }

    private func addKey(_ state: inout CloudState, _ id: String) throws {
        _ = try state.model.createSSHKey(
            name: id, value: "v", facts: .init(type: "rsa", size: 1, fingerprint: ""), id: id, now: 0)
    }

    @Test func aTornLineWasNeverAnsweredAndAGapIsMended() async throws {
        try await withFolder { folder in
            var (state, store) = try fresh(folder)
            for id in ["a", "b"] {
                try addKey(&state, id)
                try store.append(state)
                state.confirm()
            }
            // Not written for some reason, yet it counts: the next step writes all.
            try addKey(&state, "c")
            store.noteGap()
            state.confirm()
            try addKey(&state, "d")
            try store.append(state)
            state.confirm()
            try addKey(&state, "e")
            try store.append(state)
            store.close()
            let log = try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/state.log"))
            try log.seekToEnd()
            try log.write(contentsOf: Data(#"{"model":{"sshKeys":[{"id":"f","#.utf8))
            try log.close()
            let (read, second) = try fresh(folder)
            second.close()
            #expect(read.model.sshKeys.map(\.id) == ["a", "b", "c", "d", "e"])
        }
    }

    @Test func aLogOfAnotherGenerationIsNotReplayed() async throws {
        try await withFolder { folder in
            var (state, store) = try fresh(folder)
            try addKey(&state, "a")
            try store.append(state)
            state.confirm()
            let old = try String(contentsOfFile: folder + "/state.log", encoding: .utf8)
            state.model = CloudModel()
            try store.rewrite(state)
            store.close()
            // As if the process had died between the two writes.
            try old.write(toFile: folder + "/state.log", atomically: true, encoding: .utf8)
            let (read, second) = try fresh(folder)
            second.close()
            #expect(read.model.sshKeys.isEmpty)
        }
    }

    @Test func nonsenseIsNotGuessedAt() async throws {
        try await withFolder { folder in
            try "{}".write(toFile: folder + "/state.json", atomically: true, encoding: .utf8)
            #expect(throws: LocalCloudError.self) { try fresh(folder) }
            try #"{"version":9,"model":{},"machines":[]}"#.write(
                toFile: folder + "/state.json", atomically: true, encoding: .utf8)
            #expect(throws: LocalCloudError.self) { try fresh(folder) }
        }
    }

    /// What the build before this one wrote, word for word but for the ids.
    @Test func theOlderFormIsRead() async throws {
        try await withFolder { folder in
            let old = #"""
                {"version":1,"machines":{"i-1":{"id":"i-1","hostname":"h","address":{"host":"127.77.1.2","port":22},
                "allowsPassword":false,"hasBooted":true}},"model":{"delays":{"create":0,"start":0,"stop":0,"delete":0,
                "snapshot":0},"instances":[{"id":"i-1","name":"n","hostname":"h","type":"vcpu-2_memory-4g_disk-80g",
                "region":"ARC-IS-HAF-1","placementOption":"AUTO","image":{"id":"im","name":"Ubuntu 22.04"},"sshKeys":
                [{"id":"k-1","name":"k"}],"securityGroups":[{"id":"00000000-0000-4000-8000-000000000101","name":
                "standard"}],"isProtected":false,"destroyOnShutdown":false,"status":"active","privateIP":"127.77.1.2",
                "publicIP":"127.77.1.2","sshPort":22,"diskSize":80,"createdAt":1700000000000,"updatedAt":1700000000001,
                "due":0,"isSettled":false}],"snapshots":[{"id":"s-1","name":"s","region":"ARC-IS-HAF-1","size":80,
                "resourceID":"i-1","status":"created","createdAt":1,"updatedAt":1,"due":0,"isSettled":true}],"sshKeys":
                [{"id":"k-1","name":"k","value":"v","facts":{"type":"rsa","size":1,"fingerprint":"00"},"createdAt":1,
                "updatedAt":1}]}}
                """#
            try old.write(toFile: folder + "/state.json", atomically: true, encoding: .utf8)
            let (state, store) = try fresh(folder)
            store.close()
            let view = try state.model.instanceView("i-1", now: 0)
            #expect(view.status == "active" && view.publicIP == "127.77.1.2" && view.volumes.isEmpty)
            #expect(view.securityGroups.map(\.name) == ["standard"])
            #expect(state.machines["i-1"]?.mounts == [])
            #expect(state.machines.isTaken("127.77.1.2"))
            #expect(try state.model.snapshot("s-1").status == .created)
            #expect(state.model.securityGroups.count == 2)
            // Written anew in this build's form, and read again.
            let (again, second) = try fresh(folder)
            second.close()
            #expect(again.model.instances.map(\.id) == ["i-1"])
        }
    }
}
