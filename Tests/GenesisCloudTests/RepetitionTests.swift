import GenesisCloud
import Testing

@Suite struct RepetitionTests {
    @Test func aReadIsRepeatedWithGrowingPauses() async throws {
        let time = InstantTime()
        try await ScriptedServer.run { request in
            switch request.number {
            case 1: .hangUp
            case 2: .json(500, "{}")
            case 3: .json(502, "<html>")
            default: .json(200, Samples.created)
            }
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port, time: time)
            #expect(try await client.instance("i").status == .active)
            #expect(server.requests.count == 4)
        }
        #expect(time.pauses == [.milliseconds(250), .milliseconds(500), .milliseconds(1000)])
    }

    @Test func itGivesUpAfterTheLastAttempt() async throws {
        try await ScriptedServer.run { _ in
            .json(500, #"{"code":"1","message":"boom"}"#)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            let error = await #expect(throws: GenesisCloudError.self) { try await client.instance("i") }
            #expect(error?.code == .server)
            #expect(error?.requestMayHaveTakenEffect == false)
            #expect(server.requests.count == 4)
        }
    }

    @Test func retryAfterIsObeyedUpToALimit() async throws {
        let time = InstantTime()
        try await ScriptedServer.run { request in
            request.number == 1
                ? .json(429, "{}", headers: ["Retry-After": "7"]) : .json(429, "{}", headers: ["Retry-After": "3600"])
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port, time: time)
            let error = await #expect(throws: GenesisCloudError.self) { try await client.instance("i") }
            #expect(error?.code == .rateLimited)
            #expect(error?.retryAfter == .seconds(3600))
            #expect(server.requests.count == 2)
        }
        #expect(time.pauses == [.seconds(7)])
    }

    @Test(arguments: [401, 403, 404, 422])
    func aRefusalIsNotRepeated(_ status: Int) async throws {
        try await ScriptedServer.run { _ in
            .json(status, "{}")
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            await #expect(throws: GenesisCloudError.self) { try await client.instance("i") }
            #expect(server.requests.count == 1)
        }
    }

    @Test func aCutOffReadIsRepeated() async throws {
        try await ScriptedServer.run { request in
            request.number == 1
                ? .raw("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{\"instance\":") : .json(200, Samples.created)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            #expect(try await client.instance("i").status == .active)
            #expect(server.requests.count == 2)
        }
    }

    @Test func anIdempotentRequestIsRepeatedToo() async throws {
        try await ScriptedServer.run { request in
            request.number == 1 ? .hangUp : .json(204, "")
        } _: { server in
            try await GenesisCloudClient.testing(port: server.port).destroyInstance("i")
            #expect(server.requests.count == 2)
        }
    }

    /// The sending whose answer was lost did it.
    @Test func aRepeatedDestroyThatFindsNothingHasSucceeded() async throws {
        try await ScriptedServer.run { request in
            request.number == 1 ? .hangUp : .json(404, "{}")
        } _: { server in
            try await GenesisCloudClient.testing(port: server.port).destroyInstance("i")
            #expect(server.requests.count == 2)
        }
        // But not where nothing can have happened before.
        try await ScriptedServer.run { request in
            request.number == 1 ? .json(429, "{}") : .json(404, "{}")
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            let error = await #expect(throws: GenesisCloudError.self) { try await client.destroyInstance("i") }
            #expect(error?.code == .notFound)
        }
    }

    /// What an earlier sending left open stays open, however the last one ended.
    @Test func anEarlierSendingIsNotForgotten() async throws {
        try await ScriptedServer.run { request in
            request.number == 1 ? .hangUp : .json(429, "{}")
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            let error = await #expect(throws: GenesisCloudError.self) {
                try await client.updateInstance("i", UpdateInstanceRequest(name: "n"))
            }
            #expect(error?.code == .rateLimited)
            #expect(error?.requestMayHaveTakenEffect == true)
            #expect(server.requests.count == 4)
        }
    }

    @Test func theBudgetEndsRepetitionsWhenEverythingFails() async throws {
        try await ScriptedServer.run { _ in
            .json(500, "{}")
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port) {
                $0.retry.budget = 5
                $0.retry.budgetPerRequest = 0
            }
            for _ in 0..<10 { _ = try? await client.instance("i") }
            #expect(server.requests.count == 10 + 5)
        }
    }

    @Test func anOperationDoesNotOutlastItsDeadline() async throws {
        let time = InstantTime()
        try await ScriptedServer.run { _ in
            .json(503, "{}", headers: ["Retry-After": "20"])
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port, time: time) {
                $0.operationTimeout = .seconds(50)
            }
            await #expect(throws: GenesisCloudError.self) { try await client.instance("i") }
        }
        #expect(time.pauses == [.seconds(20), .seconds(20)])
    }
}
