import Foundation
import GenesisCloud
import Synchronization
import Testing

/// A thousand jobs that wait, over a real connection.
@Suite(.timeLimit(.minutes(2))) struct ManyWaitersTests {
    /// Every page of an account with a thousand instances, and each of them.
    private static let pages: [String] = (0..<10).map { page in
        Samples.page((0..<100).map { "i\(page * 100 + $0)" }, total: 1000, page: page + 1)
    }

    private static func reply(_ request: ScriptedServer.Request) -> ScriptedServer.Reply {
        guard request.method == "GET" else { return .json(204, "") }
        if let query = request.target.split(separator: "?").dropFirst().first,
            let number = query.split(separator: "&").first.flatMap({ Int($0.dropFirst("page=".count)) })
        {
            return .json(200, pages[min(number, 10) - 1])
        }
        let id = request.target.split(separator: "/").last.map(String.init) ?? ""
        return .json(200, "{\"instance\": \(Samples.instance(id))}")
    }

    @Test func aThousandWaitForTheirInstancesWithTenRequests() async throws {
        try await ScriptedServer.run { request in
            Self.reply(request)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            let seen = try await withThrowingTaskGroup(of: Instance.ID.self) { group in
                for number in 0..<1000 {
                    group.addTask { try await client.waitUntilReachable(Instance.ID("i\(number)")).id }
                }
                var seen: Set<Instance.ID> = []
                for try await id in group { seen.insert(id) }
                return seen
            }
            #expect(seen.count == 1000)
            // Tasks start one after the other, so that a round may begin before all have asked: each round is a listing
            // of ten requests or a few GETs, and never a thousand GETs.
            #expect(server.requests.count < 60, "\(server.requests.count) requests")
            #expect(server.requests.count { $0.target.contains("page=") } >= 10)
        }
    }

    /// With the rate limit exhausted by a thousand single reads, a destroy is answered within a second.
    @Test func aThousandReadersDoNotDelayADestroy() async throws {
        try await ScriptedServer.run { request in
            Self.reply(request)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port, time: SystemTime()) {
                $0.rateLimit = .requests(perSecond: 10, burst: 50)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1000 {
                    group.addTask { _ = try? await client.instance(Instance.ID("i\(number)")) }
                }
                try await expectEventually { server.requests.count >= 50 }
                let before = server.requests.count
                try await client.destroyInstance("i7")
                // Counted in requests, since a busy machine may be slow: those that had their turn already may come first,
                // and not the thousand that wait for theirs.
                let place = try #require(server.requests.firstIndex { $0.method == "DELETE" })
                #expect(place - before < 30, "\(place - before) reads came first")
                #expect(place < 110, "the limit was kept: \(place) requests")
                group.cancelAll()
                while let result = await group.nextResult() { _ = result }
            }
        }
    }

    @Test func theObserverSeesEveryRequestAndNoSecret() async throws {
        final class Log: RequestObserver {
            let records = Mutex<[RequestRecord]>([])
            func requestEnded(_ record: RequestRecord) { records.withLock { $0.append(record) } }
        }
        let log = Log()
        try await ScriptedServer.run { request in
            request.number == 1 ? .json(503, "{}") : request.number == 3 ? .hangUp : Self.reply(request)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port) { $0.observer = log }
            _ = try await client.instance("i1")
            var request = Samples.request
            request.login = .password("Sixteen-Letters-1")
            _ = try? await client.createInstance(request)
        }
        let records = log.records.withLock { $0 }
        #expect(records.map(\.operation.name) == ["getInstance", "getInstance", "createInstance"])
        #expect(records.map(\.status) == [503, 200, nil])
        #expect(records.map(\.attempt) == [1, 2, 1])
        #expect(records.map(\.error) == [.server, nil, .connection])
        #expect(records[2].requestBytes > 100 && records[1].responseBytes > 100)
        #expect(records[0].description.hasPrefix("GET /instances/i1 503 in "))
        for record in records {
            #expect(!String(reflecting: record).contains(Samples.token))
            #expect(!String(reflecting: record).contains("Sixteen"))
        }
    }
}
