import Foundation
import Testing

@testable import LocalCloud

/// Whatever is wrong with a request, the answer is `{code, message}` with a sensible status, and it comes.
@Suite struct RefusalShapeTests {
    private struct Failure: Decodable {
        let code: String
        let message: String
    }

    private static func expect(
        _ answer: Answer, _ status: Int, _ words: String = "", _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(answer.status == status, "\(answer.body)", sourceLocation: location)
        let failure = try? JSONDecoder().decode(Failure.self, from: Data(answer.body.utf8))
        #expect(failure?.code.utf8.count == 5, "\(answer.body)", sourceLocation: location)
        #expect(words.isEmpty || failure?.message.contains(words) == true, "\(answer.body)", sourceLocation: location)
    }

    @Test func everyWrongRequestIsAnsweredInTheAPIsShape() async throws {
        try await withFolder { folder in
            try await withCloud(folder + "/home", .simulated) { client in
                let missing = "/instances/9e8ce501-d692-402c-8fca-5a8f5d8ddd57"
                Self.expect(try await client.call("GET", missing), 404, "not found")
                Self.expect(try await client.call("PUT", missing), 405, "GET, PATCH, DELETE")
                Self.expect(try await client.call("DELETE", "/images"), 405, "GET")
                Self.expect(try await client.call("GET", "/catalog"), 404, "Invalid route")
                Self.expect(try await client.call("GET", "/instances/a/b/c"), 404, "Invalid route")
                Self.expect(try await client.call("GET", "/instances?page=0"), 400, "page")
                Self.expect(try await client.call("GET", "/images?per_page=x"), 400, "per_page")
                Self.expect(try await client.call("GET", "/images?type=nonsense"), 400, "cloud-image")
                Self.expect(try await client.call("GET", "/availability/ARC-IS-HAF/instances"), 400, "ARC-IS-HAF-1")
                for body in ["", "{", "[]", "null", "7", #""x""#, "{\"name\": 7}", "\u{0}"] {
                    Self.expect(try await client.call("POST", "/instances", body), 400)
                }
                Self.expect(try await client.call("POST", "/instances", #"{"name":1}"#), 400, "name has the wrong type")
                Self.expect(
                    try await client.call("POST", "/instances", #"{"name":"n","volumes":["a",2]}"#), 400, "volumes[1]")
                Self.expect(try await client.call("PATCH", missing, #"{"volumes":{"attach":"a","detach":"b"}}"#), 400)
                let deep = String(repeating: "[", count: 100_000)
                Self.expect(try await client.call("POST", "/volumes", deep), 400)
                let large = #"{"name":""# + String(repeating: "x", count: 2 << 20) + #""}"#
                Self.expect(try await client.call("POST", "/volumes", large), 413, "1 MiB")
                Self.expect(try await client.call("POST", "/instances/x/actions", #"{"action":"stop"}"#), 404)
                // And it is still there.
                #expect(try await client.call("GET", "/quotas").status == 200)
            }
        }
    }

    @Test func bothTokenHeadersAreTakenAndNothingElse() async throws {
        try await withFolder { folder in
            try await withCloud(folder + "/home", .simulated, { $0.token = "a-token-of-my-own-choice" }) { client in
                #expect(client.endpoint.token == "a-token-of-my-own-choice")
                var bare = client
                bare.token = ""
                Self.expect(try await bare.call("GET", "/instances"), 401)
                Self.expect(try await bare.call("PUT", "/nonsense"), 401)
                #expect(
                    try await bare.call("GET", "/instances", headers: ["X-Auth-Token": client.endpoint.token]).status
                        == 200)
                Self.expect(try await bare.call("GET", "/instances", headers: ["X-Auth-Token": "wrong"]), 401)
                Self.expect(try await bare.call("GET", "/instances", headers: ["Authorization": "Basic x"]), 401)
                let document = try await bare.call("GET", "/openapi.yaml")
                #expect(document.status == 200 && document.body.hasPrefix("openapi: 3.0"))
                // A token that was given is not kept.
                #expect(!FileManager.default.fileExists(atPath: folder + "/home/token"))
                let mode = Files.Facts(folder + "/home/endpoint.json")?.mode
                #expect(mode == 0o600)
            }
        }
    }

    /// Every path of the served document is answered, and every route is in the document.
    @Test func theDocumentAndTheRoutesAgree() async throws {
        try await withFolder { folder in
            try await withCloud(folder + "/home", .simulated) { client in
                let document = try await client.call("GET", "/openapi.yaml").body
                var path = ""
                var operations = 0
                for line in document.split(separator: "\n") {
                    if line.hasPrefix("  /") { path = String(line.dropFirst(2).dropLast()) }
                    let method = line.trimmingCharacters(in: .whitespaces).dropLast().uppercased()
                    guard line.hasPrefix("    "), !line.hasPrefix("     "), line.hasSuffix(":"),
                        ["GET", "POST", "PATCH", "DELETE"].contains(method)
                    else { continue }
                    operations += 1
                    #expect(RouteTable.methods("/compute/v1" + path).contains(method), "\(method) \(path)")
                    let real = path.replacing("{region}", with: "ARC-IS-HAF-1").replacing(#/\{[a-z_]+\}/#, with: "x")
                    let answer = try await client.call(method, real, "{}")
                    #expect(![405, 500].contains(answer.status), "\(method) \(path): \(answer.body)")
                    #expect(!answer.body.contains("Invalid route"), "\(method) \(path)")
                }
                #expect(operations == 46)
            }
        }
    }
}
