import GenesisCloud
import Testing

/// Every class of operation against a server that breaks every promise: always an error that says what is known, never a
/// crash, a hang or a wrong answer.
@Suite(.timeLimit(.minutes(2))) struct MisbehavingServerTests {
    struct Misdeed: Sendable, CustomTestStringConvertible {
        let name: String
        let reply: ScriptedServer.Reply
        /// What it is called; it differs for a create, whose answer must be an instance.
        let codes: Set<GenesisCloudError.Code>

        var testDescription: String { name }
    }

    private static let ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

    static let misdeeds: [Misdeed] = [
        Misdeed(name: "drops the connection after the request", reply: .hangUp, codes: [.connection]),
        Misdeed(
            name: "truncates the body", reply: .raw(ok + "Content-Length: 900\r\n\r\n{\"instance\": {"),
            codes: [.connection]),
        Misdeed(
            name: "truncates a chunked body",
            reply: .raw(ok + "Transfer-Encoding: chunked\r\n\r\nff\r\n{\"instance\": {"), codes: [.connection]),
        Misdeed(
            name: "ends the JSON early", reply: .json(200, "{\"instance\": {\"id\": \"i\""), codes: [.badResponse]),
        Misdeed(name: "never answers", reply: .silence, codes: [.timeout]),
        Misdeed(
            name: "stalls in the middle", reply: .stall(ok + "Content-Length: 900\r\n\r\n{\"inst"), codes: [.timeout]),
        Misdeed(
            name: "answers with another type", reply: .json(200, #"{"instance": [1], "instances": {"a": 1}}"#),
            codes: [.badResponse]),
        Misdeed(name: "answers with a number", reply: .json(200, "42"), codes: [.badResponse]),
        Misdeed(
            name: "shows a login page",
            reply: .json(200, "<html><body>Log in</body></html>", headers: ["X-Kind": "html"]), codes: [.badResponse]),
        Misdeed(
            name: "shows an error page", reply: .json(502, "<html><h1>Bad Gateway</h1></html>"), codes: [.server]),
        Misdeed(
            name: "redirects", reply: .json(307, "", headers: ["Location": "https://example.invalid/"]),
            codes: [.badResponse]),
        Misdeed(
            name: "sends 10 MB", reply: .json(200, String(repeating: "{\"a\":1}\n", count: 1_310_720)),
            codes: [.badResponse]),
        Misdeed(name: "speaks no HTTP", reply: .raw("SSH-2.0-OpenSSH_9.2\r\n"), codes: [.connection]),
        Misdeed(
            name: "sends bytes that are no text", reply: .raw(ok + "Content-Length: 4\r\n\r\n\u{0}\u{1}\u{2}\u{3}"),
            codes: [.badResponse]),
        Misdeed(name: "answers with an empty body", reply: .json(200, ""), codes: [.badResponse]),
    ]

    private func error(
        _ misdeed: Misdeed, _ body: (GenesisCloudClient) async throws -> Void
    ) async throws -> (error: GenesisCloudError, requests: Int) {
        try await ScriptedServer.run { _ in
            misdeed.reply
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port) {
                $0.requestTimeout = .milliseconds(300)
                $0.retry.maximumAttempts = 2
            }
            let error = try #require(
                await #expect(throws: GenesisCloudError.self) { try await body(client) })
            #expect(!error.message.isEmpty && error.message.count < 1500)
            #expect(!String(reflecting: error).contains(Samples.token))
            #expect(error.location != nil && error.operation != nil)
            return (error, server.requests.count)
        }
    }

    @Test(arguments: misdeeds) func reads(_ misdeed: Misdeed) async throws {
        for read in [
            { _ = try await $0.instance("i") }, { _ = try await $0.listInstances() },
            { _ = try await $0.actions(of: "i") }, { _ = try await $0.sshKey("k") },
        ] as [(GenesisCloudClient) async throws -> Void] {
            let (error, requests) = try await error(misdeed, read)
            #expect(misdeed.codes.contains(error.code), "\(error)")
            #expect(!error.requestMayHaveTakenEffect)
            let mayPass: Set<GenesisCloudError.Code> = [.connection, .timeout, .server]
            #expect(requests == (mayPass.contains(error.code) ? 2 : 1))
        }
    }

    @Test(arguments: misdeeds) func unsafeRequestsAreSentOnceAndLeftOpen(_ misdeed: Misdeed) async throws {
        for request in [
            { _ = try await $0.createInstance(Samples.request) },
            { _ = try await $0.createSnapshot(instance: "i", name: "n") },
            { _ = try await $0.createSSHKey(name: "n", publicKey: "ssh-ed25519 A") },
            { _ = try await $0.cloneSnapshot("s", name: "n", region: "r") },
        ] as [(GenesisCloudClient) async throws -> Void] {
            let (error, requests) = try await error(misdeed, request)
            #expect(misdeed.codes.contains(error.code), "\(error)")
            #expect(error.requestMayHaveTakenEffect)
            #expect(error.message.contains("outcome unknown"), "\(error)")
            #expect(!error.mayBeRepeated)
            #expect(requests == 1)
        }
    }

    @Test(arguments: misdeeds) func idempotentRequestsAreRepeatedWhereItHelps(_ misdeed: Misdeed) async throws {
        let update = UpdateInstanceRequest(name: "n")
        let (error, requests) = try await error(misdeed) { _ = try await $0.updateInstance("i", update) }
        #expect(misdeed.codes.contains(error.code), "\(error)")
        #expect(error.requestMayHaveTakenEffect)
        #expect(!error.message.contains("outcome unknown"))
        #expect(requests == (error.code == .badResponse ? 1 : 2))
    }

    @Test func whoseFaultItIs() async throws {
        for (status, words, fault) in [
            (400, "bad", .user), (404, "no", .user), (409, "no", .user), (401, "no", .account), (403, "no", .account),
            (402, "no", .account), (403, "Quota exceeded", .account), (422, "sold out", .cloud), (500, "x", .cloud),
            (429, "x", .cloud),
        ] as [(Int, String, GenesisCloudError.Fault)] {
            let misdeed = Misdeed(
                name: "", reply: .json(status, #"{"code": "02035", "message": "\#(words)"}"#), codes: [])
            let error = try await error(misdeed) { _ = try await $0.createInstance(Samples.request) }.error
            #expect(error.fault == fault, "\(status)")
            #expect(error.httpStatus == status && error.apiCode == "02035" && error.apiMessage == words)
            #expect(error.operation == .createInstance)
        }
    }

    /// A 429 and a refused connection are known to have done nothing, and say so.
    @Test func whatIsKnownToHaveHadNoEffectSaysSo() async throws {
        let limited = try await error(Misdeed(name: "", reply: .json(429, "{}"), codes: [])) {
            _ = try await $0.createInstance(Samples.request)
        }
        #expect(limited.requests == 1)
        #expect(!limited.error.requestMayHaveTakenEffect && limited.error.mayBeRepeated)
        #expect(limited.error.message.contains("nothing was done"))
        let port = try await ScriptedServer.run { _ in
            .silence
        } _: {
            $0.port
        }
        let client = try GenesisCloudClient.testing(port: port)
        let refused = await #expect(throws: GenesisCloudError.self) { try await client.createInstance(Samples.request) }
        #expect(refused?.requestMayHaveTakenEffect == false && refused?.mayBeRepeated == true)
        #expect(refused?.message.contains("nothing was done") == true)
    }
}
