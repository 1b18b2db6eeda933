import Synchronization
import Testing

@testable import GenesisCloud

@Suite(.timeLimit(.minutes(1))) struct TokenBucketTests {
    private func bucket() -> TokenBucket { TokenBucket(perSecond: 10, burst: 5, now: .zero) }

    private func taken(_ bucket: inout TokenBucket, at now: Duration) -> Int {
        var count = 0
        while bucket.take(now: now) { count += 1 }
        return count
    }

    @Test func aBurstThenARate() {
        var bucket = bucket()
        #expect(taken(&bucket, at: .zero) == 5)
        #expect(bucket.wait(now: .zero) == .milliseconds(100))
        #expect(taken(&bucket, at: .milliseconds(99)) == 0)
        #expect(taken(&bucket, at: .milliseconds(100)) == 1)
        #expect(taken(&bucket, at: .milliseconds(400)) == 3)
        #expect(taken(&bucket, at: .seconds(100)) == 5)
    }

    @Test func inTheLongRunTheRateHolds() {
        var bucket = bucket()
        var count = 0
        for millisecond in 0..<60_000 where bucket.take(now: .milliseconds(millisecond)) { count += 1 }
        #expect((600...605).contains(count))
    }

    @Test func noServerShutsTheBucketForLongerThanAMinute() {
        var bucket = bucket()
        bucket.penalize(now: .seconds(1), retryAfter: .seconds(999_999))
        #expect(bucket.wait(now: .seconds(1)) == .seconds(60))
        #expect(taken(&bucket, at: .seconds(61)) > 0)
    }

    @Test func a429HalvesTheRateOnceASecondAndShutsTheBucket() {
        var bucket = bucket()
        for _ in 0..<10 { bucket.penalize(now: .seconds(1), retryAfter: .seconds(3)) }
        #expect(bucket.rate == 5)
        #expect(bucket.wait(now: .seconds(1)) == .seconds(3))
        #expect(taken(&bucket, at: .seconds(3.9)) == 0)
        #expect(taken(&bucket, at: .seconds(4)) > 0)
        bucket.penalize(now: .seconds(5), retryAfter: nil)
        #expect(bucket.rate < 5)
    }

    @Test func theRateRecovers() {
        var bucket = bucket()
        bucket.penalize(now: .zero, retryAfter: nil)
        #expect(bucket.rate == 5)
        _ = bucket.take(now: .seconds(10))
        #expect(bucket.rate > 5 && bucket.rate < 10)
        _ = bucket.take(now: .seconds(31))
        #expect(bucket.rate == 10)
    }

    @Test func itNeverFallsToNothing() {
        var bucket = bucket()
        for second in 0..<200 { bucket.penalize(now: .seconds(second * 2), retryAfter: nil) }
        #expect(bucket.rate >= 0.5)
    }

    @Test func whoeverIsMostUrgentComesFirstAndNobodyStarves() {
        var queue = TurnQueue()
        for ticket in 1...10 { queue.append(UInt64(ticket), .read) }
        for ticket in 101...110 { queue.append(UInt64(ticket), .create) }
        queue.append(201, .destroy)
        #expect(queue.next() == 201)
        #expect((0..<3).map { _ in queue.next() } == [101, 102, 103])
        // Passed over four times.
        #expect(queue.next() == 1)
        #expect((0..<5).map { _ in queue.next() } == [104, 105, 106, 107, 2])
        // A destroy is behind one other at most.
        queue.append(202, .destroy)
        #expect((0..<2).contains { _ in queue.next() == 202 })
        var rest = 0
        while queue.next() != nil { rest += 1 }
        #expect(rest + 12 >= 21)
        #expect(queue.isEmpty)
    }
}

@Suite(.timeLimit(.minutes(1))) struct RateLimiterTests {
    private final class Log: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func add(_ name: String) { list.withLock { $0.append(name) } }
    }

    @Test func aThousandCallersAreServedAtTheRate() async throws {
        let time = ManualTime()
        let limiter = RateLimiter(perSecond: 10, burst: 50, time: time)
        let served = Log()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    try await limiter.turn(.read)
                    served.add("read")
                }
            }
            try await expectEventually { limiter.waiting == 950 && served.all.count == 50 }
            for second in 1...5 {
                for _ in 0..<10 {
                    await time.waitForSleepers()
                    time.advance(by: .milliseconds(100))
                }
                try await expectEventually { limiter.waiting == 950 - second * 10 }
            }
            try await expectEventually { served.all.count == 100 }
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
        }
        #expect(limiter.waiting == 0)
    }

    @Test func aDestroyOvertakesAThousandReads() async throws {
        let time = ManualTime()
        let limiter = RateLimiter(perSecond: 10, burst: 1, time: time)
        let served = Log()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<1001 { group.addTask { try await limiter.turn(.read) } }
            try await expectEventually { limiter.waiting == 1000 }
            group.addTask {
                try await limiter.turn(.destroy)
                served.add("destroy")
            }
            try await expectEventually { limiter.waiting == 1001 }
            for _ in 0..<2 {
                await time.waitForSleepers()
                time.advance(by: .milliseconds(100))
            }
            try await expectEventually { served.all == ["destroy"] }
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
        }
    }

    /// Whoever deals out turns may go at any moment.
    @Test func cancelledCallersLoseNobodyElsesTurn() async throws {
        let time = ManualTime()
        let limiter = RateLimiter(perSecond: 10, burst: 1, time: time)
        try await limiter.turn(.read)
        let served = Log()
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<20 {
            tasks.append(
                Task {
                    try await limiter.turn(.read)
                    served.add("\(number)")
                })
            try await expectEventually { limiter.waiting == number + 1 }
        }
        await time.waitForSleepers()
        // The first is the dealer.
        for number in stride(from: 0, to: 20, by: 2) { tasks[number].cancel() }
        try await expectEventually { limiter.waiting == 10 }
        for _ in 0..<10 {
            await time.waitForSleepers()
            let before = served.all.count
            time.advance(by: .milliseconds(100))
            try await expectEventually { served.all.count == before + 1 }
        }
        #expect(served.all == (0..<20).filter { $0 % 2 == 1 }.map { "\($0)" })
        for (number, task) in tasks.enumerated() {
            let result = await task.result
            #expect((try? result.get()) != nil || number % 2 == 0)
        }
    }

    @Test func aCancelledCallerIsNotServed() async throws {
        let limiter = RateLimiter(perSecond: 10, burst: 5, time: ManualTime())
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await limiter.turn(.destroy)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(limiter.turnNow())
    }

    /// The limit of a client holds over all its copies, and a 429 slows them all down.
    @Test func a429SlowsEveryCopyDown() async throws {
        let time = InstantTime()
        try await ScriptedServer.run { request in
            request.number == 1 ? .json(429, "{}", headers: ["Retry-After": "5"]) : .json(200, Samples.created)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port, time: time) {
                $0.rateLimit = .requests(perSecond: 10, burst: 50)
            }
            _ = try await client.with(priority: .destroy).instance("i")
            #expect(client.transport.limiter?.rate ?? 10 < 6.7)
            #expect(time.now() >= .seconds(5))
        }
    }

    @Test func loopbackHasNoLimitAndTheServiceHasOne() throws {
        #expect(try GenesisCloudClient.testing(port: 1).transport.limiter == nil)
        let client = GenesisCloudClient(token: "t")
        #expect(client.transport.limiter?.rate == 10)
    }
}
