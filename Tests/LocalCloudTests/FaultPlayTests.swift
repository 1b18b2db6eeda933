import CloudModel
import Foundation
import Testing

@testable import LocalCloud

/// Fault scripts, as they are written and as clients meet them.
@Suite struct FaultPlayTests {
    @Test func everyFaultIsRead() throws {
        let script = try FaultScript(
            yaml: """
                seed: 42
                faults:
                  - {fault: latency, delay: 50ms..2s, on: "GET /instances/**", probability: 0.25}
                  - {fault: too-many-requests, retry_after: 2s, after: 1, times: 3}
                  - {fault: server-error, status: 503, when: after, body: html, on: POST}
                  - {fault: dropped, on: /volumes}
                  - {fault: no-capacity, type: "*gaudi2*"}
                  - {fault: quota-exhausted, name: "mf-*"}
                  - {fault: slow-active, delay: 30s}
                  - fault: never-active
                  - {fault: no-address, for: 1m}
                  - fault: no-ssh
                  - {fault: error, at: stopping, delay: 1s}
                  - {fault: unknown-status, word: enqueued, for: 2s}
                  - {fault: list-lag, appears: 1s, lingers: 3s}
                  - {fault: destroy-refused, count: 2}
                """, file: "faults.yaml")
        #expect(script.seed == 42)
        let first = try #require(script.rules.first)
        #expect(first == FaultRule(.latency(.init(50, 2000)), method: "GET", path: "/instances/**", probability: 0.25))
        #expect(script.rules[1] == FaultRule(.tooManyRequests(retryAfter: 2), after: 1, times: 3))
        #expect(script.rules[2] == FaultRule(.serverError(status: 503, moment: .after, html: true), method: "POST"))
        #expect(script.rules[3] == FaultRule(.dropped(.after), path: "/volumes"))
        #expect(script.rules[4].type == "*gaudi2*" && script.rules[5].name == "mf-*")
        #expect(
            script.rules[6...].map(\.fault) == [
                .slowActive(.init(30_000)), .neverActive, .noAddress(.init(60_000)), .noSSH(nil),
                .error(.stopping, .init(1000)), .unknownStatus(.creating, word: "enqueued", .init(2000)),
                .listLag(appears: .init(1000), lingers: .init(3000)), .destroyRefused(2),
            ])
        #expect(try FaultScript(yaml: "", file: "f").rules.isEmpty)
    }

    @Test func theShippedExampleIsRight() throws {
        let file = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs/faults.yaml"
        let script = try FaultScript(yaml: try String(contentsOfFile: file, encoding: .utf8), file: "docs/faults.yaml")
        #expect(script.seed == 42 && script.rules.count == 12)
    }

    @Test(arguments: [
        ("faults:\n  - {fault: latency, dely: 2s}", "f:2:22: `dely` is unknown in `latency`: it has `after`, `delay`,"),
        ("faults:\n  - {fault: latency, delay: 2}", "f:2:29: `delay` must be a duration"),
        ("faults:\n  - {fault: latency, delay: 3s..1s}", "f:2:29: `delay` must be a duration"),
        ("faults:\n  - {fault: latencyy}", "f:2:13: `fault` must be one of"),
        ("faults:\n  - {delay: 2s}", "f:2:5: `fault` is missing"),
        ("faults:\n  - {fault: latency}", "f:2:5: `delay` is missing"),
        ("faults:\n  - {fault: no-capacity, on: POST}", "f:2:26: `on` is unknown in `no-capacity`"),
        ("faults:\n  - {fault: server-error, status: 404}", "f:2:35: `status` must be a whole number from 500"),
        ("faults:\n  - {fault: dropped, on: PUT /x}", "f:2:26: `on` must be"),
        ("faults:\n  - {fault: error, at: asleep}", "f:2:24: `at` must be one of creating"),
        ("faults:\n  - {fault: error, probability: 2}", "f:2:33: `probability` must be from 0 to 1"),
        ("sed: 1", "f:1:1: `sed` is unknown in a fault script"), ("faults: 7", "f:1:9: `faults` must be a list"),
        ("faults: [", "f:"),
    ])
    func mistakesAreSaidWithTheirPlace(_ text: String, _ words: String) {
        #expect { try FaultScript(yaml: text, file: "f") } throws: { error in
            (error as? LocalCloudError)?.message.contains(words) == true
        }
    }

    private static func play(_ client: CloudClient, _ script: String) async throws {
        let answer = try await client.call("PUT", "/_mayfly/faults", script)
        guard answer.status == 204 else { throw TestFailure(description: answer.body) }
    }

    private static func create(_ client: CloudClient) async throws -> Answer {
        let key = try await client.call(
            "POST", "/ssh-keys", #"{"name":"k","value":"\#(HTTPShapeTests.keyLine)"}"#)
        return try await client.call("POST", "/instances", HTTPShapeTests.wish(try key.id()))
    }

    @Test func requestsMeetThem() async throws {
        try await withFolder { folder in
            let script = FaultScript(rules: [FaultRule(.tooManyRequests(retryAfter: nil), path: "/quotas", times: 1)])
            try await withCloud(folder + "/home", .simulated, { $0.faults = script }) { client in
                #expect(try await client.call("GET", "/quotas").status == 429)
                #expect(try await client.call("GET", "/quotas").status == 200)

                try await Self.play(client, "faults: [{fault: too-many-requests, retry_after: 3s}]")
                let limited = try await command([
                    "curl", "-s", "-i", "-H", "X-Auth-Token: \(client.endpoint.token)",
                    client.endpoint.url + "/images",
                ])
                #expect(limited.output.contains("429 Too Many Requests"))
                #expect(limited.output.lowercased().contains("\nretry-after: 3"))

                // Before the effect: nothing has happened. After it: it has, though the answer says otherwise.
                func groups() async throws -> Int {
                    let list = try await client.call("GET", "/security-groups")
                    return list.body.components(separatedBy: #""is_internal":false"#).count - 1
                }
                let group = """
                    {"name":"g","region":"ARC-IS-HAF-1","rules":[{"protocol":"all","direction":"ingress"}]}
                    """
                try await Self.play(client, "faults: [{fault: server-error, status: 502, on: POST, body: html}]")
                let before = try await client.call("POST", "/security-groups", group)
                #expect(before.status == 502 && before.body.hasPrefix("<html>"))
                #expect(try await groups() == 0)
                try await Self.play(client, "faults: [{fault: server-error, when: after, on: POST}]")
                let after = try await client.call("POST", "/security-groups", group)
                #expect(after.status == 500 && after.body.hasPrefix(#"{"code":"05001""#))
                #expect(try await groups() == 1)
                try await Self.play(client, "faults: [{fault: dropped, when: after, on: POST}]")
                await #expect(throws: TestFailure.self) { try await client.call("POST", "/security-groups", group) }
                #expect(try await groups() == 2)
                try await Self.play(client, "faults: [{fault: dropped, when: before, on: POST}]")
                await #expect(throws: TestFailure.self) { try await client.call("POST", "/security-groups", group) }
                #expect(try await groups() == 2)

                try await Self.play(client, "faults: [{fault: latency, delay: 300ms, on: /quotas}]")
                let start = ContinuousClock.now
                #expect(try await client.call("GET", "/quotas").status == 200)
                #expect(ContinuousClock.now - start >= .milliseconds(300))
                #expect(try await client.call("PUT", "/_mayfly/faults", "faults: 7").status == 400)
                try await Self.play(client, "")
                #expect(try await client.call("GET", "/quotas").status == 200)
            }
        }
    }

    @Test func instancesMeetThem() async throws {
        try await withFolder { folder in
            try await withCloud(folder + "/home", .simulated) { client in
                try await Self.play(client, "faults: [{fault: no-capacity, times: 2}]")
                for status in [409, 409, 201] { #expect(try await Self.create(client).status == status) }
                try await Self.play(client, "faults: [{fault: no-capacity}]")
                #expect(try await Self.create(client).status == 409)
                let room = try await client.call("GET", "/availability/ARC-IS-HAF-1/instances")
                #expect(room.body.contains(#""available":false"#) && !room.body.contains(#""available":true"#))
                try await Self.play(client, "faults: [{fault: quota-exhausted}]")
                #expect(try await Self.create(client).status == 403)

                try await Self.play(
                    client,
                    """
                    faults:
                      - {fault: unknown-status, at: active, word: copying}
                      - fault: no-address
                      - {fault: destroy-refused, count: 2}
                      - {fault: list-lag, lingers: 1h}
                    """)
                let id = try await Self.create(client).instance().id
                let strange = try await client.waitForInstance(id, "copying")
                #expect(strange.public_ip == nil)
                #expect(try await client.call("DELETE", "/instances/\(id)").status == 409)
                #expect(try await client.call("DELETE", "/instances/\(id)").status == 409)
                #expect(try await client.call("DELETE", "/instances/\(id)").status == 204)
                try await eventually("gone") {
                    try await client.call("GET", "/instances/\(id)").status == 404 ? () : nil
                }
                #expect(try await client.call("GET", "/instances").body.contains(id))

                try await Self.play(client, "faults: [{fault: list-lag, appears: 1h}, {fault: error}]")
                let failed = try await Self.create(client).instance().id
                _ = try await client.waitForInstance(failed, "error")
                #expect(!(try await client.call("GET", "/instances").body.contains(failed)))
            }
        }
    }
}
