import MayflyCore

extension WorldPlan {
    /// What a spec may say of failures, and what follows from it: drawn last, so that seeds keep the rest of their worlds.
    mutating func drawPolicies(_ random: inout SeededRandom) {
        for index in jobs.indices {
            if random.chance(150) {
                jobs[index].definition.onFailure = FailurePolicy(hold: random.milliseconds(500...120_000))
            }
            if random.chance(150) { jobs[index].definition.onCollectFailure = Self.collectFailure(&random) }
            if random.chance(200) {
                jobs[index].definition.retry = Self.retry(&random, exitCode: jobs[index].work.exitCode)
            }
            if jobs[index].definition.longestHold > .zero, random.chance(500) {
                jobs[index].holdWishes = (0..<random.within(1...2)).map { _ in Self.holdWish(&random) }
            }
        }
        if random.chance(100) {
            unreadable = (random.below(jobs.count), random.milliseconds(0...90_000), random.milliseconds(100...60_000))
        }
        if random.chance(60) {
            jobs[random.below(jobs.count)].crashesKeeper = true
            isGentle = false
        }
    }

    private static func collectFailure(_ random: inout SeededRandom) -> CollectFailurePolicy {
        switch random.below(3) {
        case 0: .discard
        case 1: .snapshot
        default: .hold(random.milliseconds(500...300_000))
        }
    }

    private static func retry(_ random: inout SeededRandom, exitCode: Int32) -> RetryPolicy {
        let causes = RetryCause.allCases.filter { _ in random.chance(400) }
        var policy = RetryPolicy(
            attempts: random.within(1...4), when: random.chance(700) ? causes : nil,
            backoff: random.milliseconds(0...20_000))
        if random.chance(300) { policy.exitCodes = [random.chance(500) ? exitCode : Int32(random.within(1...255))] }
        return policy
    }

    private static func holdWish(_ random: inout SeededRandom) -> HoldWishPlan {
        HoldWishPlan(
            after: random.milliseconds(0...60_000),
            extendsBy: random.chance(500) ? random.milliseconds(1000...100_000_000) : nil,
            isAnnounced: random.chance(700))
    }
}
