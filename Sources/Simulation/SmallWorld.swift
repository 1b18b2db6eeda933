import CloudModel

/// One job on a quiet cloud, in the same order every time: small enough for everything that can go wrong once, and for
/// every pair of crashes, to be tried rather than drawn.
package enum SmallWorld {
    /// What is tried at every boundary of the keeper.
    package static let crashes: [WorldPlan.Interruption.Kind] = [
        .before, .after, .inFlight(.seconds(3)), .stalled(.seconds(30)),
    ]

    package static var plan: WorldPlan {
        var plan = WorldPlan.quiet(seed: 7, work: WorldPlan.Work(duration: .seconds(2), exitCode: 3))
        plan.shuffles = false
        plan.addStages()
        return plan
    }

    /// How a run of one point went; its words say which it was.
    package struct Finding: Sendable {
        package var point: String
        package var violations: [String]
    }

    package struct Tally: Sendable {
        package var runs = 0
        package var findings: [Finding] = []

        mutating func count(_ report: WorldReport, _ point: @autoclosure () -> String) {
            runs += 1
            guard !report.violations.isEmpty else { return }
            findings.append(Finding(point: point(), violations: report.violations))
        }
    }

    /// Every boundary × every kind of crash.
    package static func singleCrashes() -> Tally {
        var tally = Tally()
        for first in points(of: World(plan).run()) {
            tally.count(World(with([first])).run(), "\(first)")
        }
        return tally
    }

    /// Every crash, and every crash of the keeper that follows.
    /// - Parameters:
    ///   - kinds: those that are tried.
    ///   - others: those that are tried on the keeper that follows; the same when `nil`.
    package static func pairs(
        _ kinds: [WorldPlan.Interruption.Kind] = crashes, then others: [WorldPlan.Interruption.Kind]? = nil
    ) -> Tally {
        var tally = Tally()
        for first in points(of: World(plan).run(), kinds) {
            for second in points(of: World(with([first])).run(), others ?? kinds) {
                tally.count(World(with([first, second])).run(), "\(first), then \(second)")
            }
        }
        return tally
    }

    /// Every request whose answer, or which itself, is lost, while the keeper lives.
    package static func lostRequests() -> Tally {
        var tally = Tally()
        for moment in FaultRule.Moment.allCases {
            var number = 0
            while true {
                var plan = plan
                plan.faults = FaultScript(rules: [FaultRule(.dropped(moment), after: number, times: 1)])
                let report = World(plan).run()
                tally.count(report, "request \(number) dropped \(moment) its effect")
                if report.requests <= number { break }
                number += 1
            }
        }
        return tally
    }

    /// Every commit that fails once.
    package static func failedCommits() -> Tally {
        var tally = Tally()
        for number in 0..<World(plan).run().commits + 2 {
            var plan = plan
            plan.failingCommit = number
            tally.count(World(plan).run(), "commit \(number) fails")
        }
        return tally
    }

    /// The first connection, cut after every number of bytes.
    package static func cuts() -> Tally {
        var tally = Tally()
        for bytes in 0..<600 {
            var plan = plan
            plan.firstCutAfter = bytes
            tally.count(World(plan).run(), "the connection is cut after \(bytes) bytes")
        }
        return tally
    }

    private static func with(_ interruptions: [WorldPlan.Interruption]) -> WorldPlan {
        var plan = plan
        plan.interruptions = interruptions
        return plan
    }

    /// Every effect of the last keeper of a history, with everything that is tried there.
    private static func points(
        of report: WorldReport, _ kinds: [WorldPlan.Interruption.Kind] = crashes
    ) -> [WorldPlan.Interruption] {
        (0..<report.boundaries).flatMap { boundary in
            kinds.map { WorldPlan.Interruption(.boundary(boundary), $0, reboots: boundary % 5 == 4) }
        }
    }
}
