import Synchronization
import Testing

@testable import GenesisCloud

@Suite(.timeLimit(.minutes(1))) struct WatcherTests {
    /// An API of a thousand instances that counts what it is asked.
    private final class Fake: Sendable {
        struct Count: Equatable { var gets = 0, listings = 0 }

        let count = Mutex(Count())
        let missing: Set<Instance.ID>
        let lagging: Set<Instance.ID>
        let gate: Gate
        let size: Int

        init(size: Int = 1000, missing: Set<Instance.ID> = [], lagging: Set<Instance.ID> = [], gate: Gate = Gate()) {
            self.size = size
            self.missing = missing
            self.lagging = lagging
            self.gate = gate
        }

        var source: InstanceWatcher.Source {
            InstanceWatcher.Source(
                get: { [self] id in
                    count.withLock { $0.gets += 1 }
                    try await gate.pass()
                    return missing.contains(id) ? nil : try Fake.instance(id)
                },
                list: { [self] in
                    count.withLock { $0.listings += 1 }
                    try await gate.pass()
                    let ids = (0..<size).map { Instance.ID("i\($0)") }.filter {
                        !lagging.contains($0) && !missing.contains($0)
                    }
                    return InstanceWatcher.Listed(instances: try ids.map(Fake.instance), requests: max(1, size / 100))
                })
        }

        static func instance(_ id: Instance.ID) throws -> Instance {
            try Samples.decode(Samples.instance(id.rawValue))
        }
    }

    /// Lets requests through, or holds them.
    private actor Gate {
        private var isShut = false
        private var held: [CheckedContinuation<Void, Never>] = []
        private(set) var heldCount = 0

        func shut() { isShut = true }

        func open() {
            isShut = false
            for continuation in held { continuation.resume() }
            held = []
        }

        func pass() async throws {
            if isShut {
                heldCount += 1
                await withCheckedContinuation { held.append($0) }
            }
            try Task.checkCancellation()
        }
    }

    @Test func oneQuestionIsOneGet() async throws {
        let fake = Fake()
        let watcher = InstanceWatcher(limiter: nil, time: ManualTime())
        #expect(try await watcher.ask(about: "i7", fake.source)?.id == "i7")
        #expect(fake.count.withLock { $0 } == .init(gets: 1, listings: 0))
    }

    @Test func aThousandQuestionsAreOneListing() async throws {
        let gate = Gate()
        let fake = Fake(gate: gate)
        let watcher = InstanceWatcher(limiter: nil, time: ManualTime())
        await gate.shut()
        try await withThrowingTaskGroup(of: Instance.ID?.self) { group in
            group.addTask { try await watcher.ask(about: "i0", fake.source)?.id }
            // The first is under way, and all others come meanwhile.
            #expect(try await eventually { await gate.heldCount == 1 })
            for number in 1..<1000 {
                group.addTask { try await watcher.ask(about: Instance.ID("i\(number)"), fake.source)?.id }
            }
            #expect(try await eventually { watcher.waiting == 1000 })
            await gate.open()
            var seen: Set<Instance.ID> = []
            for try await id in group { if let id { seen.insert(id) } }
            #expect(seen.count == 1000)
        }
        #expect(fake.count.withLock { $0 } == .init(gets: 1, listings: 1))
    }

    @Test func whatTheListLacksIsAskedForSingly() async throws {
        let gate = Gate()
        let fake = Fake(missing: ["i3"], lagging: ["i4"], gate: gate)
        let watcher = InstanceWatcher(limiter: nil, time: ManualTime())
        await gate.shut()
        try await withThrowingTaskGroup(of: (Int, Instance?).self) { group in
            for number in 0..<6 {
                group.addTask { (number, try await watcher.ask(about: Instance.ID("i\(number)"), fake.source)) }
            }
            #expect(try await eventually { watcher.waiting == 6 })
            await gate.open()
            for try await (number, instance) in group { #expect((instance == nil) == (number == 3)) }
        }
    }

    /// After a listing of ten requests the next round waits, so that half of the limit stays for others.
    @Test func roundsLeaveRoomForOthers() async throws {
        let time = ManualTime()
        let gate = Gate()
        let fake = Fake(gate: gate)
        let watcher = InstanceWatcher(limiter: RateLimiter(perSecond: 10, burst: 50, time: time), time: time)
        await gate.shut()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask { _ = try await watcher.ask(about: Instance.ID("i\(number)"), fake.source) }
            }
            #expect(try await eventually { watcher.waiting == 50 })
            await gate.open()
            try await group.waitForAll()
        }
        #expect(fake.count.withLock { $0.listings } == 1)
        let late = Task { try await watcher.ask(about: "i1", fake.source) }
        await time.waitForSleepers()
        #expect(fake.count.withLock { $0.gets + $0.listings } <= 2)
        time.advance(by: .seconds(2))
        #expect(try await late.value?.id == "i1")
    }

    @Test func aCancelledLeaderLeavesTheRoundToOthers() async throws {
        let gate = Gate()
        let fake = Fake(gate: gate)
        let watcher = InstanceWatcher(limiter: nil, time: ManualTime())
        await gate.shut()
        let leader = Task { try await watcher.ask(about: "i0", fake.source) }
        #expect(try await eventually { await gate.heldCount == 1 })
        let others = (1..<4).map { number in
            Task { try await watcher.ask(about: Instance.ID("i\(number)"), fake.source)?.id }
        }
        #expect(try await eventually { watcher.waiting == 4 })
        leader.cancel()
        others[1].cancel()
        #expect(try await eventually { watcher.waiting == 3 })
        await gate.open()
        await #expect(throws: (any Error).self) { try await leader.value }
        await #expect(throws: CancellationError.self) { try await others[1].value }
        #expect(try await others[0].value == "i1")
        #expect(try await others[2].value == "i3")
        #expect(watcher.waiting == 0)
    }

    @Test func aFailedListingFailsThoseWhoAskedAndNobodyElse() async throws {
        struct Broken: Error {}
        let gate = Gate()
        let fake = Fake(gate: gate)
        var source = fake.source
        source.list = { throw Broken() }
        let broken = source
        let watcher = InstanceWatcher(limiter: nil, time: ManualTime())
        await gate.shut()
        let first = Task { try await watcher.ask(about: "i0", fake.source) }
        #expect(try await eventually { await gate.heldCount == 1 })
        let others = (1..<4).map { number in
            Task { try await watcher.ask(about: Instance.ID("i\(number)"), broken) }
        }
        #expect(try await eventually { watcher.waiting == 4 })
        await gate.open()
        _ = try await first.value
        for other in others { await #expect(throws: Broken.self) { try await other.value } }
        #expect(try await watcher.ask(about: "i9", fake.source)?.id == "i9")
    }
}
