import Foundation
import Logging
import Testing

@testable import LocalCloud

@Suite struct HTTPShapeTests {
    static let keyLine = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me"
    static func wish(_ key: String, _ more: String = "") -> String {
        """
        {"name":"n","hostname":"h","type":"vcpu-2_memory-4g_disk-80g","region":"ARC-IS-HAF-1",
         "image":"ubuntu:22.04","ssh_keys":["\(key)"]\(more)}
        """
    }

    @Test func theAPIsShapes() async throws {
        try await withFolder { folder in
            try await withCloud(folder + "/home", .simulated) { client in
                var stranger = client
                stranger.token = "wrong"
                let refused = try await stranger.call("GET", "/instances")
                #expect(refused.status == 401)
                #expect(refused.body == #"{"code":"01001","message":"Unauthorized"}"#)
                let lost = try await client.call("GET", "/nonsense")
                #expect(lost.status == 404)
                #expect(lost.body == #"{"code":"02001","message":"Invalid route"}"#)

                let key = try await client.call("POST", "/ssh-keys", #"{"name":"k","value":"\#(Self.keyLine)"}"#)
                #expect(key.status == 201)
                #expect(key.body.contains(#""type":"ed25519""#))
                let garbage = try await client.call("POST", "/ssh-keys", #"{"name":"k","value":"hello"}"#)
                #expect(garbage.status == 400)

                let made = try await client.call("POST", "/instances", Self.wish(try key.id()))
                #expect(made.status == 201)
                for part in [
                    #""status":"creating""#, #""public_ip":null"#, #""floating_ip":null"#, #""volumes":[]"#,
                    #""image":{"id":"00000000-0000-4000-8000-000000000001","name":"Ubuntu 22.04"}"#,
                    #""security_groups":[{"id":"00000000-0000-4000-8000-000000000101","name":"standard"}]"#,
                ] { #expect(made.body.contains(part), "\(made.body)") }
                let id = try made.instance().id
                let active = try await client.waitForInstance(id, "active")
                #expect(active.ssh_port == 22)
                let list = try await client.call("GET", "/instances?per_page=1")
                #expect(list.body.contains(#""total_count":1,"page":1,"per_page":1"#))
                #expect(try await client.call("GET", "/instances?per_page=101").status == 400)
                let renamed = try await client.call("PATCH", "/instances/\(id)", #"{"name":"new"}"#)
                #expect(renamed.body.contains(#""hostname":"h""#) && renamed.body.contains(#""name":"new""#))
                #expect(
                    try await client.call("GET", "/instances/\(id)/actions").body == #"{"actions":["reset","stop"]}"#)
                #expect(try await client.call("POST", "/instances/\(id)/actions", #"{"action":"stop"}"#).status == 204)
                _ = try await client.waitForInstance(id, "stopped")
                let snapshot = try await client.call("POST", "/instances/\(id)/snapshots", #"{"name":"s"}"#)
                #expect(snapshot.status == 201)
                #expect(try await client.call("POST", "/instances", "{not json").status == 400)
                #expect(try await client.call("POST", "/_mayfly/stop", #"{"force":false}"#).status == 409)
                #expect(try await client.call("GET", "/_mayfly/status").body.contains(#""backend":"simulated""#))
                #expect(try await client.call("DELETE", "/instances/\(id)").status == 204)
                try await eventually("gone") {
                    try await client.call("GET", "/instances/\(id)").status == 404 ? () : nil
                }
            }
        }
    }

    @Test func stateAndTokenOutliveTheCloudAndOnlyOneServes() async throws {
        try await withFolder { folder in
            let home = folder + "/home"
            let (token, id) = try await withCloud(home, .simulated) { client in
                await #expect(throws: LocalCloudError.self) {
                    try await LocalCloud(
                        configuration: .init(home: home, backend: .simulated, build: "b"), logger: .init(label: "t")
                    ).run()
                }
                let key = try await client.call("POST", "/ssh-keys", #"{"name":"k","value":"\#(Self.keyLine)"}"#)
                let made = try await client.call("POST", "/instances", Self.wish(try key.id()))
                #expect(try await client.call("POST", "/_mayfly/stand-down").status == 200)
                try await eventually("endpoint removed") { LocalCloudEndpoint.read(home: home) == nil ? () : nil }
                return (client.endpoint.token, try made.instance().id)
            }
            try await withCloud(home, .simulated) { client in
                #expect(client.endpoint.token == token)
                _ = try await client.waitForInstance(id, "active")
                #expect(try await client.call("POST", "/_mayfly/stop", #"{"force":true}"#).status == 200)
                try await eventually("endpoint removed") { LocalCloudEndpoint.read(home: home) == nil ? () : nil }
            }
            #expect(FileManager.default.contents(atPath: home + "/token") == Data(token.utf8))
        }
    }

    @Test func anEmptyCloudEndsItself() async throws {
        try await withFolder { folder in
            try await withCloud(folder + "/home", .simulated, idle: .milliseconds(50)) { _ in
                try await eventually("ended") {
                    LocalCloudEndpoint.read(home: folder + "/home") == nil ? () : nil
                }
            }
        }
    }

    @Test func timestamps() {
        #expect(Timestamp.text(1_584_958_169_152) == "2020-03-23T10:09:29.152Z")
        #expect(Timestamp.text(951_782_400_000) == "2000-02-29T00:00:00.000Z")
    }
}
