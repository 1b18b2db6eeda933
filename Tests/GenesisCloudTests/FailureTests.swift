import GenesisCloud
import NIOCore
import NIOPosix
import Testing

@Suite struct FailureTests {
    private func createError(
        _ reply: ScriptedServer.Reply, change: @escaping (inout GenesisCloudClient.Configuration) -> Void = { _ in }
    ) async throws -> GenesisCloudError? {
        try await ScriptedServer.run { _ in
            reply
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port, change: change)
            let error = await #expect(throws: GenesisCloudError.self) {
                try await client.createInstance(Samples.request)
            }
            #expect(server.requests.count == 1, "a create is sent once")
            #expect(error?.location == .init(method: "POST", path: "/instances"))
            return error
        }
    }

    @Test(
        arguments: [
            (400, "bad", .validation, false), (401, "no", .unauthorized, false), (403, "no", .forbidden, false),
            (402, "no", .account, false), (404, "no", .notFound, false), (409, "protected", .conflict, false),
            (408, "slow", .timeout, true), (422, "name is too long", .validation, false),
            (403, "Quota exceeded for project", .account, false), (422, "insufficient balance", .account, false),
            (409, "no capacity for this instance type", .capacity, false),
            (400, "destroy_on_shutdown is not available for this project", .validation, false),
            (422, "instance type is sold out", .capacity, false), (429, "slow down", .rateLimited, false),
            (500, "boom", .server, true), (502, "bad gateway", .server, true),
            (503, "Service Unavailable", .server, true), (503, "out of capacity", .server, true),
            (500, "quota service failed", .server, true),
            (302, "", .badResponse, true),
        ] as [(Int, String, GenesisCloudError.Code, Bool)])
    func refusals(_ status: Int, _ words: String, _ code: GenesisCloudError.Code, _ mayBe: Bool) async throws {
        let error = try await createError(.json(status, #"{"code":"02035","message":"\#(words)"}"#))
        #expect(error?.code == code)
        #expect(error?.requestMayHaveTakenEffect == mayBe)
        #expect(error?.httpStatus == status)
        let isRefusal = [
            .unauthorized, .forbidden, .notFound, .validation, .account, .capacity, .conflict, .rateLimited,
        ]
        .contains(error?.code)
        #expect(!(isRefusal && mayBe), "a code that reads as a refusal is one")
        #expect(error?.apiCode == "02035")
    }

    @Test func theCodeMayBeANumberAndTheBodyAnything() async throws {
        #expect(try await createError(.json(404, #"{"code":2001,"message":"Invalid route"}"#))?.apiCode == "02001")
        let html = try await createError(
            .json(502, "<html>\r\n<b>Bad\u{7} Gateway</b>" + String(repeating: "x", count: 9000)))
        #expect(html?.apiCode == nil)
        #expect(html?.apiMessage?.hasPrefix("<html> <b>Bad Gateway</b>") == true)
        #expect((html?.apiMessage?.count ?? .max) <= 500)
    }

    @Test func anAnswerThatIsLostOrUnreadableLeavesItOpen() async throws {
        let head = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
        for (reply, code) in [
            (.hangUp, .connection),
            (.raw(head + "Content-Length: 500\r\n\r\n{\"instance\": {\"id\""), .connection),
            (.raw("not http at all\r\n\r\n"), .connection),
            (.json(201, "{\"instance\": {\"id\": "), .badResponse),
            (.json(201, "[]"), .badResponse),
            (.json(201, #"{"instance": {"id": "i"}}"#), .badResponse),
            (.json(201, String(repeating: "[", count: 100_000)), .badResponse),
        ] as [(ScriptedServer.Reply, GenesisCloudError.Code)] {
            let error = try await createError(reply)
            #expect(error?.code == code, "\(reply): \(String(describing: error))")
            #expect(error?.requestMayHaveTakenEffect == true)
        }
    }

    @Test func aHugeAnswerIsRefused() async throws {
        let error = try await createError(.json(201, Samples.created)) { $0.maximumResponseBytes = 100 }
        #expect(error?.code == .badResponse)
        #expect(error?.requestMayHaveTakenEffect == true)
        // Without an announced length the limit holds as well.
        let body = String(repeating: "x", count: 4096)
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n\(body)\r\n0\r\n\r\n"
        #expect(try await createError(.raw(chunked)) { $0.maximumResponseBytes = 1000 }?.code == .badResponse)
    }

    @Test func anAnswerThatNeverComesTimesOut() async throws {
        let silent = try await createError(.silence) { $0.requestTimeout = .seconds(2) }
        #expect(silent?.code == .timeout)
        #expect(silent?.requestMayHaveTakenEffect == true)
    }

    @Test func nothingWasSentWhereNobodyListens() async throws {
        let port = try await ScriptedServer.run { _ in
            .silence
        } _: {
            $0.port
        }
        let client = try GenesisCloudClient.testing(port: port)
        let error = await #expect(throws: GenesisCloudError.self) { try await client.createInstance(Samples.request) }
        #expect(error?.code == .connection)
        #expect(error?.requestMayHaveTakenEffect == false)
        #expect(error?.message.contains("refused") == true, "\(String(describing: error))")
    }

    @Test func nothingWasSentWhenTLSFails() async throws {
        try await ScriptedServer.run { _ in
            .json(201, Samples.created)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port, scheme: "https")
            let error = await #expect(throws: GenesisCloudError.self) {
                try await client.createInstance(Samples.request)
            }
            #expect(error?.requestMayHaveTakenEffect == false)
            #expect(error?.code == .connection || error?.code == .timeout, "\(String(describing: error))")
            #expect(server.requests.isEmpty)
        }
    }

    @Test func aCancelSaysWhetherTheCloudMayBeActing() async throws {
        let (arrived, announce) = AsyncStream.makeStream(of: Void.self)
        try await ScriptedServer.run { _ in
            announce.yield()
            return .silence
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            let task = Task { try await client.createInstance(Samples.request) }
            for await _ in arrived { break }
            task.cancel()
            let error = await #expect(throws: GenesisCloudError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.requestMayHaveTakenEffect == true)
        }
    }

    @Test func aRedirectIsNotFollowed() async throws {
        try await ScriptedServer.run { _ in
            .json(200, "{}")
        } _: { thief in
            let target = "http://127.0.0.1:\(thief.port)/compute/v1/instances"
            try await ScriptedServer.run { _ in
                .json(307, "", headers: ["Location": target])
            } _: { server in
                let client = try GenesisCloudClient.testing(port: server.port)
                let read = await #expect(throws: GenesisCloudError.self) { try await client.listInstances() }
                #expect(read?.code == .badResponse)
                let write = await #expect(throws: GenesisCloudError.self) {
                    try await client.createInstance(Samples.request)
                }
                #expect(write?.code == .badResponse)
                #expect(server.requests.count == 2)
            }
            #expect(thief.requests.isEmpty)
        }
    }

    @Test func writesUseAConnectionOnce() async throws {
        try await ScriptedServer.run { request in
            request.method == "POST" ? .json(201, Samples.created) : .json(200, Samples.page([], total: 0))
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            for _ in 0..<3 { _ = try await client.createInstance(Samples.request) }
            #expect(Set(server.requests.map(\.connection)).count == 3)
        }
    }
}
