import Foundation
import GenesisCloud
import Testing

@Suite struct RequestTests {
    @Test func aCreateIsSpeltAsThePageSays() async throws {
        try await ScriptedServer.run { _ in
            .json(201, Samples.created)
        } _: { server in
            let instance = try await GenesisCloudClient.testing(port: server.port).createInstance(Samples.request)
            #expect(instance.id == "9e8ce501-d692-402c-8fca-5a8f5d8ddd57")
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.target == "/compute/v1/instances")
            #expect(request.headers["authorization"] == "Bearer \(Samples.token)")
            #expect(request.headers["content-type"] == "application/json")
            #expect(
                request.body == #"{"hostname":"mf-abcdefgh-aaaaaab-bb-cccccccc","image":"ubuntu-22.04","#
                    + ##""metadata":{"startup_script":"#!/bin/bash\necho hi"},"name":"n","##
                    + #""region":"ARC-IS-HAF-1","ssh_keys":["k-1"],"type":"vcpu-2_memory-4g_disk-80g"}"#)
        }
    }

    @Test func everyOptionalFieldHasThePagesName() throws {
        var request = Samples.request
        request.metadata = .userData([.init(type: "text/cloud-config", filename: "a.yaml", content: "#cloud-config\n")])
        request.placementOption = "A"
        request.floatingIP = "f"
        request.volumes = ["v"]
        request.securityGroups = []
        request.isProtected = true
        request.diskSizeGiB = 128
        request.destroyOnShutdown = true
        request.publicIPType = .staticAddress
        request.billingType = .prepaid3Months
        request.reservationID = "r"
        request.reuseLongTermSubscription = true
        request.publicIPv6 = true
        let json = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(request)) as? [String: Any]
        let fields = try #require(json)
        #expect(
            Set(fields.keys) == [
                "name", "hostname", "type", "region", "image", "ssh_keys", "placement_option", "floating_ip",
                "volumes", "security_groups", "is_protected", "disk_size", "destroy_on_shutdown", "metadata",
                "public_ip_type", "billing_type", "reservation_id", "reuse_long_term_subscription", "public_ipv6",
            ])
        #expect((fields["security_groups"] as? [String]) == [], "an empty list means no group at all")
        let part = ((fields["metadata"] as? [String: Any])?["user_data"] as? [[String: String]])?.first
        #expect(part == ["type": "text/cloud-config", "filename": "a.yaml", "content": "#cloud-config\n"])
    }

    @Test func everyMethodAsksItsOwnRoute() async throws {
        try await ScriptedServer.run { request in
            let key = #"{"id":"k","name":"n","value":"ssh-ed25519 A","fingerprint":"f"}"#
            let snapshot = #"{"id":"s","name":"n","status":"creating","resource_id":"i","created_at":null}"#
            switch (request.method, request.target.split(separator: "?").first) {
            case ("DELETE", _): return .json(204, "")
            case (_, "/compute/v1/ssh-keys") where request.method == "POST": return .json(201, key)
            case (_, "/compute/v1/ssh-keys/k"): return .json(200, #"{"ssh_key":\#(key)}"#)
            case (_, "/compute/v1/ssh-keys"): return .json(200, #"{"ssh_keys":[\#(key)],"total_count":1}"#)
            case (_, "/compute/v1/images"):
                return .json(
                    200, #"{"images":[{"id":"m","name":"Ubuntu","slug":"ubuntu","versions":null}],"total_count":1}"#)
            case ("POST", "/compute/v1/instances/i/snapshots"): return .json(201, #"{"snapshot":\#(snapshot)}"#)
            case (_, "/compute/v1/snapshots/s"): return .json(200, #"{"snapshot":\#(snapshot)}"#)
            case (_, "/compute/v1/instances/i/snapshots"), (_, "/compute/v1/snapshots"):
                return .json(200, #"{"snapshots":[\#(snapshot)],"total_count":1}"#)
            default: return .json(404, #"{"code":"02001","message":"Invalid route"}"#)
            }
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            #expect(try await client.createSSHKey(name: "n", publicKey: "ssh-ed25519 A").id == "k")
            #expect(server.requests.last?.body == #"{"name":"n","value":"ssh-ed25519 A"}"#)
            #expect(try await client.sshKey("k").value == "ssh-ed25519 A")
            #expect(try await client.listSSHKeys().map(\.fingerprint) == ["f"])
            #expect(try await client.listImages().map(\.slug) == ["ubuntu"])
            #expect(try await client.createSnapshot(instance: "i", name: "n").status == .creating)
            #expect(server.requests.last?.body == #"{"name":"n"}"#)
            #expect(try await client.snapshot("s").resourceID == "i")
            #expect(try await client.listSnapshots(instance: "i").map(\.id) == ["s"])
            #expect(try await client.listSnapshots().map(\.id) == ["s"])
            try await client.deleteSnapshot("s")
            try await client.deleteSSHKey("k")
            try await client.destroyInstance("i")
            #expect(
                server.requests.suffix(3).map { "\($0.method) \($0.target)" } == [
                    "DELETE /compute/v1/snapshots/s", "DELETE /compute/v1/ssh-keys/k",
                    "DELETE /compute/v1/instances/i",
                ])
        }
    }

    @Test(arguments: ["", ".", "..", "a/b", "a?b", "a b", "%2e", "é"])
    func anIDReachesNoOtherResource(_ id: String) async throws {
        try await ScriptedServer.run { _ in
            .json(204, "")
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            let error = await #expect(throws: GenesisCloudError.self) {
                try await client.destroyInstance(Instance.ID(id))
            }
            #expect(error?.code == .validation)
            #expect(error?.requestMayHaveTakenEffect == false)
            #expect(server.requests.isEmpty)
        }
    }

    @Test(arguments: ["", "  ", "a b", "a\r\nX-Evil: 1", "tökén"])
    func anUnusableTokenIsNotSent(_ token: String) async throws {
        try await ScriptedServer.run { _ in
            .json(200, "{}")
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port, token: token)
            let error = await #expect(throws: GenesisCloudError.self) { try await client.listInstances() }
            #expect(error?.code == .unauthorized)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func theTokenIsInNoDescription() async throws {
        let words = #"{"code":"1","message":"bad token \#(Samples.token) seen"}"#
        try await ScriptedServer.run { _ in
            .json(401, words)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port, token: " \(Samples.token)\n")
            var dumped = ""
            dump(client, to: &dumped)
            #expect(!dumped.contains(Samples.token))
            #expect(!"\(client) \(String(reflecting: client))".contains(Samples.token))
            let error = await #expect(throws: GenesisCloudError.self) { try await client.listInstances() }
            #expect(error?.code == .unauthorized)
            #expect(error?.apiMessage == "bad token <token> seen")
            #expect(!String(reflecting: error).contains(Samples.token))
            #expect(server.requests.first?.headers["authorization"] == "Bearer \(Samples.token)", "blanks are dropped")
        }
    }
}
