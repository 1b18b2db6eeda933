import Foundation
import GenesisCloud
import Testing

/// The Instances page's own JSON, byte for byte, and its neighbours'.
enum Fixture {
    static func text(_ name: String, file: String = #filePath) throws -> String {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().appending(path: "Fixtures")
        return try String(contentsOf: folder.appending(path: "\(name).json"), encoding: .utf8)
    }

    /// Answers every route with the page's sample, whatever was asked.
    static func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Reply {
        let path = request.target.split(separator: "?").first.map(String.init) ?? ""
        let parts = path.replacingOccurrences(of: "/compute/v1/", with: "").split(separator: "/").map(String.init)
        do {
            guard request.method != "DELETE" else { return .json(204, "") }
            return try answer(request, parts)
        } catch {
            return .json(500, "{\"code\": \"1\", \"message\": \"no fixture: \(error)\"}")
        }
    }

    private static func answer(
        _ request: ScriptedServer.Request, _ parts: [String]
    ) throws -> ScriptedServer.Reply {
        let isList = parts.count == 1
        switch (request.method, parts.first, parts.dropFirst(2).first) {
        case ("POST", "instances", nil): return .json(201, try text("create-response"))
        case ("GET", "instances", nil): return .json(200, try text(isList ? "list-response" : "get-response"))
        case ("PATCH", "instances", _): return .json(200, try text(patched(request.body)))
        case ("POST", "instances", "snapshots"): return .json(201, try text("snapshot-response"))
        case ("GET", "instances", "snapshots"): return .json(200, try text("snapshots-response"))
        case ("GET", "instances", "actions"): return .json(200, try text("actions-response"))
        case ("POST", "instances", "actions"): return .json(204, "")
        case ("GET", "instances", "user-metadata"): return .json(200, try text("neighbour-user-metadata"))
        case ("GET", "snapshots", nil) where isList: return .json(200, try text("snapshots-response"))
        case (_, "snapshots", _): return .json(request.method == "POST" ? 201 : 200, try text("snapshot-response"))
        case (_, "availability", _): return .json(200, try text("neighbour-availability"))
        case (_, "quotas", _): return .json(200, try text("neighbour-quotas"))
        case (_, "reservations", _): return .json(200, try text("neighbour-reservations"))
        case (let method, let resource?, _): return try neighbour(method, resource, isList)
        default: return .json(404, #"{"code": "02001", "message": "Invalid route"}"#)
        }
    }

    private static func patched(_ body: String) -> String {
        if body.contains("security_groups") { return "security-groups-response" }
        return body.contains("volumes") ? "volumes-response" : "update-response"
    }

    private static func neighbour(
        _ method: String, _ resource: String, _ isList: Bool
    ) throws -> ScriptedServer.Reply {
        let singular = String(resource.dropLast())
        let object = try text("neighbour-\(singular)")
        let status = method == "POST" ? 201 : 200
        let key = singular.replacingOccurrences(of: "-", with: "_")
        if method == "GET", isList {
            return .json(200, #"{"\#(key)s": [\#(object)], "total_count": 1, "page": 1, "per_page": 50}"#)
        }
        // Single keys come without an envelope.
        return .json(status, key == "ssh_key" ? object : #"{"\#(key)": \#(object)}"#)
    }
}

@Suite(.timeLimit(.minutes(2))) struct PageTests {
    @Test func theWholeContractAgainstThePagesAnswers() async throws {
        try await ScriptedServer.run { request in
            Fixture.answer(request)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            var contract = Contract(client: client)
            contract.keepsState = false
            try await contract.run()
            _ = try await client.userMetadata(of: "i")
            _ = try await client.importSnapshot(
                ImportSnapshotRequest(name: "n", sizeGiB: 1, url: "https://host/disk.raw", region: "R"))
            let asked = Set(server.requests.map { "\($0.method) \(Self.template($0.target))" })
            let known = Set(APIOperation.all.map { "\($0.method) \($0.path)" })
            #expect(known.subtracting(asked).isEmpty, "not tried: \(known.subtracting(asked))")
            #expect(asked.subtracting(known).isEmpty, "unknown: \(asked.subtracting(known))")
        }
    }

    /// `/compute/v1/instances/9e8c…/actions?page=1` → `/instances/{id}/actions`
    private static func template(_ target: String) -> String {
        var parts = target.split(separator: "?")[0].split(separator: "/").map(String.init)
        parts.removeFirst(2)
        if parts.count > 1 { parts[1] = parts[0] == "availability" ? "{region}" : "{id}" }
        return "/" + parts.joined(separator: "/")
    }

    @Test(arguments: ["create-response", "get-response", "update-response", "volumes-response"])
    func everyInstanceOfThePageIsRead(_ name: String) throws {
        struct Envelope: Decodable { var instance: Instance }
        let instance = try JSONDecoder().decode(Envelope.self, from: Data(Fixture.text(name).utf8)).instance
        #expect(instance.id == "9e8ce501-d692-402c-8fca-5a8f5d8ddd57")
        #expect(instance.status == .active)
        #expect(instance.isProtected == (name == "update-response"))
        #expect(instance.diskSizeGiB == (name == "update-response" ? 256 : 128))
        #expect((instance.floatingIP?.id == "db1bf06d-528d-4fac-96d8-390798f83388") == (name == "create-response"))
        #expect(instance.createdAt == Date(timeIntervalSince1970: 1_584_958_169.152))
    }

    @Test func theSnapshotsOfThePageAreRead() throws {
        struct One: Decodable { var snapshot: Snapshot }
        struct Many: Decodable { var snapshots: [Snapshot] }
        let one = try JSONDecoder().decode(One.self, from: Data(Fixture.text("snapshot-response").utf8)).snapshot
        #expect(one.status == .created && one.sizeGiB == nil && one.resourceID == "<instance-id>")
        let many = try JSONDecoder().decode(Many.self, from: Data(Fixture.text("snapshots-response").utf8)).snapshots
        #expect(many.first?.sizeGiB == 128)
    }

    /// What we send is what the page shows.
    @Test func bodiesAreThoseOfThePage() throws {
        var create = CreateInstanceRequest(
            name: "name", hostname: "hostname", type: "vcpu-4_memory-12g_disk-80g_nvidia1080ti-1",
            region: "ARC-IS-HAF-1", image: "7b1644e2-d97d-4725-a927-0028bc60bc28",
            sshKeys: ["45bcd3ac-fccd-4eea-a812-21f01d665464"],
            metadata: .startupScript("#!/bin/bash\nsudo apt update && sudo apt install iperf3"))
        create.floatingIP = "db1bf06d-528d-4fac-96d8-390798f83388"
        create.diskSizeGiB = 128
        try expect(create, "create-request")
        try expect(
            UpdateInstanceRequest(name: "My Genesis Cloud instance", isProtected: true, diskSizeGiB: 256),
            "update-request")
        try expect(
            UpdateInstanceRequest(
                securityGroups: .replace([
                    "fd537d69-9db7-4a44-83b8-96f79d10071a", "00faf681-6f59-4c94-8523-28903f13da47",
                ])), "security-groups-request")
        try expect(
            UpdateInstanceRequest(volumes: .replace(["0580fb4c-de74-4b83-8bdb-1fd87d89f827"])), "volumes-request")
    }

    private func expect(_ body: some Encodable, _ name: String) throws {
        let ours = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder.genesisCloud().encode(body))
        let page = try JSONDecoder().decode(JSONValue.self, from: Data(Fixture.text(name).utf8))
        #expect(ours == page)
    }

    /// `--json` shows the API's own names and times.
    @Test func whatIsReadIsWrittenAsTheAPIWritesIt() throws {
        struct Envelope: Codable { var instance: Instance }
        let page = Data(try Fixture.text("create-response").utf8)
        let instance = try JSONDecoder().decode(Envelope.self, from: page)
        let ours = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder.genesisCloud().encode(instance))
        #expect(try ours == JSONDecoder().decode(JSONValue.self, from: page))
        #expect(
            try JSONDecoder().decode(Envelope.self, from: JSONEncoder.genesisCloud().encode(instance)).instance
                == instance.instance)
    }
}
