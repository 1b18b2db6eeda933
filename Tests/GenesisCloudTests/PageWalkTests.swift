import Testing

@testable import GenesisCloud

/// What a ``Listing`` promises, against an account that changes between any two requests.
@Suite struct PageWalkTests {
    /// An account's items in the API's order, oldest first or newest first.
    private struct Account {
        var items: [Int]
        var newestFirst: Bool
        var random: SplitMix
        private var next: Int

        init(count: Int, newestFirst: Bool, seed: UInt64) {
            items = Array(0..<count)
            if newestFirst { items.reverse() }
            self.newestFirst = newestFirst
            random = SplitMix(seed: seed)
            next = count
        }

        mutating func churn(_ most: Int) {
            for _ in 0..<random.next(below: most + 1) where !items.isEmpty {
                items.remove(at: random.next(below: items.count))
            }
            for _ in 0..<random.next(below: most + 1) {
                if newestFirst { items.insert(next, at: 0) } else { items.append(next) }
                next += 1
            }
        }

        func page(_ ask: PageWalk<Int>.Ask) -> [Int] {
            Array(items.dropFirst((ask.page - 1) * ask.size).prefix(ask.size))
        }
    }

    struct SplitMix {
        var state: UInt64
        init(seed: UInt64) { state = seed }

        mutating func next(below bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
        }
    }

    /// - Returns: what was given, and what existed from the first request to the last; `nil` for a walk that gave up.
    private func walk(
        _ account: inout Account, pageSize: Int = 100, churn: Int, total: (Account) -> Int? = { $0.items.count }
    ) -> (given: [Int], throughout: Set<Int>, asks: [PageWalk<Int>.Ask])? {
        var walk = PageWalk<Int>(pageSize: pageSize)
        var throughout = Set(account.items)
        var given: [Int] = []
        var asks: [PageWalk<Int>.Ask] = []
        while asks.count < 10_000 {
            let ask = walk.ask
            asks.append(ask)
            let page = account.page(ask)
            switch walk.take(page, total: total(account), size: ask.size) {
            case .items(let fresh): given += fresh.map { page[$0] }
            case .last(let fresh): return (given + fresh.map { page[$0] }, throughout, asks)
            case .contradictory: return nil
            }
            account.churn(churn)
            throughout.formIntersection(account.items)
        }
        return nil
    }

    @Test(arguments: [0, 1, 7, 40, 150], [false, true])
    func nothingThatExistsThroughoutIsMissedOrGivenTwice(_ churn: Int, _ newestFirst: Bool) {
        for seed in 1...60 {
            for count in [0, 1, 99, 100, 101, 250, 1000] {
                var account = Account(count: count, newestFirst: newestFirst, seed: UInt64(seed))
                guard let result = walk(&account, churn: churn) else {
                    // Giving up is allowed only where more changes between two requests than a page holds.
                    #expect(churn > 100, "gave up: seed \(seed), \(count) items")
                    continue
                }
                #expect(result.throughout.subtracting(result.given).isEmpty, "missed: seed \(seed), \(count) items")
                #expect(Set(result.given).count == result.given.count, "twice: seed \(seed), \(count) items")
            }
        }
    }

    /// The case that totals do not show: one goes, another comes.
    @Test func anEqualNumberComingAndGoingHidesNothing() throws {
        var account = Account(count: 250, newestFirst: false, seed: 1)
        var walk = PageWalk<Int>(pageSize: 100)
        var given: [Int] = []
        while true {
            let page = account.page(walk.ask)
            let step = walk.take(page, total: account.items.count, size: nil)
            if case .items(let fresh) = step { given += fresh.map { page[$0] } }
            if case .last(let fresh) = step {
                given += fresh.map { page[$0] }
                break
            }
            account.items.removeFirst(2)
            account.items += [1000 + given.count, 2000 + given.count]
        }
        #expect(Set(0..<250).isSubset(of: given))
    }

    @Test(arguments: [(100, 1), (101, 2), (1000, 12), (10_000, 125)])
    func theOverlapCostsLittle(_ count: Int, _ most: Int) throws {
        var account = Account(count: count, newestFirst: true, seed: 1)
        let result = try #require(walk(&account, churn: 0))
        #expect(result.asks.count <= most, "\(result.asks.count) requests for \(count)")
        #expect(result.asks.allSatisfy { (1...100).contains($0.size) && $0.page >= 1 })
        #expect(result.given == account.items)
    }

    @Test func itNeedsNoTotal() throws {
        for count in [0, 1, 100, 198, 1000] {
            var account = Account(count: count, newestFirst: false, seed: 1)
            #expect(try #require(walk(&account, churn: 0) { _ in nil }).given == account.items)
        }
    }

    /// A server with pages of its own size cannot be asked for windows that overlap.
    @Test(arguments: [50, 20])
    func aServerWithItsOwnPageSizeIsReadNevertheless(_ own: Int) {
        let items = Array(0..<430)
        var walk = PageWalk<Int>(pageSize: 100)
        var given: [Int] = []
        for _ in 0..<200 {
            let page = Array(items.dropFirst((walk.ask.page - 1) * own).prefix(own))
            switch walk.take(page, total: items.count, size: own) {
            case .items(let fresh): given += fresh.map { page[$0] }
            case .last(let fresh):
                #expect(Set(given + fresh.map { page[$0] }) == Set(items))
                return
            case .contradictory: break
            }
        }
        Issue.record("the walk did not end well")
    }

    @Test func aServerThatIgnoresThePageIsNotBelieved() {
        let items = Array(0..<100)
        for total in [200, 600, nil] {
            var walk = PageWalk<Int>(pageSize: 100)
            var isNoticed = false
            for _ in 0..<1000 {
                let step = walk.take(Array(items.prefix(walk.ask.size)), total: total, size: walk.ask.size)
                if step == .contradictory { isNoticed = true }
                if case .last = step { break }
                if isNoticed { break }
            }
            #expect(isNoticed, "total \(String(describing: total))")
        }
    }
}
