import GenesisCloud
import Testing

@Suite struct ListingTests {
    /// Serves `pages`; beyond them, empty ones.
    private func list(
        _ pages: [[String]], total: Int?, size: Int = 2,
        change: @escaping (inout GenesisCloudClient.Configuration) -> Void = { _ in }
    ) async throws -> (Result<[String], GenesisCloudError>, requests: [String]) {
        try await ScriptedServer.run { request in
            let number = Int(request.target.split(separator: "page=")[1].prefix { $0.isNumber }) ?? 0
            let ids = pages.indices.contains(number - 1) ? pages[number - 1] : []
            return .json(200, Samples.page(ids, total: total, page: number, size: size))
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port) { configuration in
                configuration.pageSize = size
                change(&configuration)
            }
            do {
                return (.success(try await client.listInstances().map(\.id.rawValue)), server.requests.map(\.target))
            } catch let error as GenesisCloudError {
                return (.failure(error), server.requests.map(\.target))
            }
        }
    }

    @Test func allPagesAreRead() async throws {
        let (result, requests) = try await list([["a", "b"], ["c", "d"], ["e"]], total: 5)
        #expect(try result.get() == ["a", "b", "c", "d", "e"])
        #expect(
            requests == [
                "/compute/v1/instances?page=1&per_page=2", "/compute/v1/instances?page=2&per_page=2",
                "/compute/v1/instances?page=3&per_page=2",
            ])
    }

    @Test func anEmptyListing() async throws {
        #expect(try await list([], total: 0).0.get() == [])
        #expect(try await list([], total: nil).0.get() == [])
    }

    @Test func aFullLastPageNeedsNoFurtherRequest() async throws {
        let (result, requests) = try await list([["a", "b"]], total: 2)
        #expect(try result.get() == ["a", "b"])
        #expect(requests.count == 1)
    }

    @Test func withoutATotalTheShortPageEnds() async throws {
        #expect(try await list([["a", "b"], ["c"]], total: nil).0.get() == ["a", "b", "c"])
        #expect(try await list([["a", "b"], ["c", "d"]], total: nil).0.get() == ["a", "b", "c", "d"])
    }

    @Test func aServerThatIgnoresThePageNumberIsNoticed() async throws {
        let (result, _) = try await list([["a", "b"], ["a", "b"], ["a", "b"]], total: 6)
        #expect(throws: GenesisCloudError.self) { try result.get() }
    }

    @Test func aListingThatLacksItemsIsAnErrorAfterSomeReadings() async throws {
        let (result, requests) = try await list([["a"]], total: 3)
        let error = #expect(throws: GenesisCloudError.self) { try result.get() }
        #expect(error?.code == .badResponse)
        #expect(error?.requestMayHaveTakenEffect == false)
        #expect(requests.count == 10)
    }

    @Test func aListingWithoutEndIsAnError() async throws {
        let endless = (0..<20).map { ["\($0)-a", "\($0)-b"] }
        let (result, requests) = try await list(endless, total: nil) { $0.maximumPages = 5 }
        let error = #expect(throws: GenesisCloudError.self) { try result.get() }
        #expect(error?.message.contains("does not end") == true)
        #expect(requests.count == 5)
    }

    /// While page 2 is fetched somebody destroys `a`: `c` moves to page 1, which was read already.
    @Test func aListingThatChangesWhileItIsReadIsReadAgain() async throws {
        try await ScriptedServer.run { request in
            switch request.number {
            case 1: .json(200, Samples.page(["a", "b"], total: 4, page: 1, size: 2))
            case 2: .json(200, Samples.page(["d"], total: 3, page: 2, size: 2))
            case 3: .json(200, Samples.page(["b", "c"], total: 3, page: 1, size: 2))
            default: .json(200, Samples.page(["d"], total: 3, page: 2, size: 2))
            }
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port) { $0.pageSize = 2 }
            // `a` was there when the reading began.
            #expect(try await Set(client.listInstances().map(\.id)) == ["a", "b", "c", "d"])
        }
    }

    @Test func oneUnreadableItemFailsTheListing() async throws {
        let body = #"{"instances": [\#(Samples.instance("a")), {"id": "b"}], "total_count": 2}"#
        try await ScriptedServer.run { _ in
            .json(200, body)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            let error = await #expect(throws: GenesisCloudError.self) { try await client.listInstances() }
            #expect(error?.code == .badResponse)
            #expect(error?.message.contains("name is missing") == true, "\(String(describing: error))")
        }
    }

    @Test(arguments: ["{}", "null", #"{"instances": null, "total_count": 0}"#, #"{"message": "maintenance"}"#])
    func anAnswerThatIsNoListingIsNotAnEmptyOne(_ body: String) async throws {
        try await ScriptedServer.run { _ in
            .json(200, body)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            let error = await #expect(throws: GenesisCloudError.self) { try await client.listInstances() }
            #expect(error?.code == .badResponse)
        }
    }
}
