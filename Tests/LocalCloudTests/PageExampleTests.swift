import Foundation
import Testing

@testable import LocalCloud

/// The page's cURL examples, run with the real curl, unchanged but for host, token and ids. What is answered has the shape
/// and the values of the page's own JSON, with ids, times, status and addresses normalised.
@Suite struct PageExampleTests {
    private struct Result {
        let status: Int
        let body: String
    }

    private static func run(
        _ title: String, _ client: CloudClient, _ folder: String, _ ids: [String: String]
    ) async throws -> Result {
        let example = try #require(PageExamples.commands.first { $0.title == title })
        var text = example.text.replacingOccurrences(
            of: "https://api.genesiscloud.com/compute/v1", with: client.endpoint.url)
        for (old, new) in ids { text = text.replacingOccurrences(of: old, with: new) }
        let file = "\(folder)/example.sh"
        // curl's own settings file says what else it should print.
        try "silent\nwrite-out = \"\\n%{http_code}\"\n".write(
            toFile: folder + "/.curlrc", atomically: true, encoding: .utf8)
        try "CURL_HOME=\(folder) TOKEN=\(client.endpoint.token)\nexport CURL_HOME TOKEN\n\(text)\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        let done = try await command(["sh", file])
        #expect(done.succeeded, "\(title): \(done.output)")
        let lines = done.output.split(separator: "\n", omittingEmptySubsequences: false)
        return Result(status: Int(lines.last ?? "") ?? 0, body: lines.dropLast().joined(separator: "\n"))
    }

    /// The JSON with every id, time, status and address replaced, keys sorted.
    private static func normal(_ value: Any, _ key: String = "") -> Any {
        switch value {
        case let object as [String: Any]:
            var result: [String: Any] = [:]
            for (key, value) in object { result[key] = normal(value, key) }
            return result
        case let list as [Any]: return list.map { normal($0, key) }
        case is NSNull where ["private_ip", "public_ip"].contains(key): return "<ip>"
        default:
            switch key {
            case "id", "resource_id": return "<id>"
            case "created_at", "updated_at": return "<time>"
            case "status": return "<status>"
            case "private_ip", "public_ip": return "<ip>"
            default: return value
            }
        }
    }

    private static func normalText(_ json: String, without extra: Set<String> = []) throws -> String {
        func strip(_ value: Any) -> Any {
            switch value {
            case let object as [String: Any]: object.filter { !extra.contains($0.key) }.mapValues(strip)
            case let list as [Any]: list.map(strip)
            default: value
            }
        }
        let value = strip(try JSONSerialization.jsonObject(with: Data(json.utf8)))
        let data = try JSONSerialization.data(withJSONObject: normal(value), options: [.sortedKeys, .prettyPrinted])
        return String(decoding: data, as: UTF8.self)
    }

    /// Fields this cloud has beyond the page's samples.
    private static let instanceExtras: Set<String> = ["placement_option", "ssh_port"]
    private static let snapshotExtras: Set<String> = ["updated_at", "source_instance_id", "os_type"]

    private static func wrapped(_ golden: String, volumes: Bool = true) -> String {
        guard !volumes else { return "{\"instance\": \(golden)}" }
        let pattern = #/"volumes": \[[^\]]*\]/#
        return "{\"instance\": \(golden.replacing(pattern, with: "\"volumes\": []"))}"
    }

    @Test func everyExampleIsAnsweredAsDocumented() async throws {
        try await withFolder { folder in
            try await withCloud(folder + "/home", .simulated) { client in
                let key = try await client.call(
                    "POST", "/ssh-keys", #"{"name":"ssh-key-name","value":"\#(HTTPShapeTests.keyLine)"}"#
                ).id()
                let made = try await client.call(
                    "POST", "/volumes", #"{"name":"<volume_name>","size":1,"region":"ARC-IS-HAF-1"}"#)
                let volume = try #require(made.field("volume", "id"))
                try await eventually("volume") {
                    try await client.call("GET", "/volumes/\(volume)").field("volume", "status") == "created" ? () : nil
                }
                var ids = [
                    PageExamples.keyID: key, PageExamples.volumeID: volume,
                    PageExamples.imageID: "00000000-0000-4000-8000-000000000004",
                    PageExamples.groupID: "00000000-0000-4000-8000-000000000101",
                ]
                func run(_ title: String) async throws -> Result { try await Self.run(title, client, folder, ids) }

                let created = try await run("create")
                #expect(created.status == 201)
                #expect(
                    try Self.normalText(created.body, without: Self.instanceExtras)
                        == Self.normalText(Self.wrapped(PageExamples.instance, volumes: false)))
                let id = try Answer(status: 201, body: created.body).instance().id
                ids["<instance_id>"] = id
                _ = try await client.waitForInstance(id, "active")

                let groups = try await run("security groups")
                let volumes = try await run("volumes")
                let got = try await run("get")
                let golden = try Self.normalText(Self.wrapped(PageExamples.instance))
                #expect((groups.status, volumes.status, got.status) == (200, 200, 200))
                #expect(try Self.normalText(volumes.body, without: Self.instanceExtras) == golden)
                #expect(try Self.normalText(got.body, without: Self.instanceExtras) == golden)
                let list = try await run("list")
                #expect(list.status == 200)
                #expect(
                    try Self.normalText(list.body, without: Self.instanceExtras)
                        == Self.normalText(
                            #"{"instances": [\#(PageExamples.instance)], "total_count": 1, "page": 1, "per_page": 50}"#)
                )

                let actions = try await run("actions")
                #expect(actions.status == 200 && actions.body == #"{"actions":["reset","stop"]}"#)
                let snapshot = try await run("snapshot")
                #expect(snapshot.status == 201)
                let snapshots = try await run("snapshots")
                #expect(snapshots.status == 200)
                #expect(
                    try Self.normalText(snapshots.body, without: Self.snapshotExtras)
                        == Self.normalText(PageExamples.snapshots))
                #expect(try await run("reset").status == 204)
                _ = try await client.waitForInstance(id, "active")
                let destroyed = try await run("destroy")
                #expect(destroyed.status == 204 && destroyed.body.isEmpty)
                try await eventually("gone") { try await run("get").status == 404 ? () : nil }
            }
        }
    }
}
