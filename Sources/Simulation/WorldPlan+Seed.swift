import CloudModel
import MayflyCore

extension WorldPlan {
    /// The world of a seed: a handful of jobs, and some of everything that can go wrong.
    package static func drawn(from seed: UInt64) -> WorldPlan {
        var plan = WorldPlan(seed: seed)
        var random = SeededRandom(seed: seed, stream: 4)
        // Half of all worlds keep to faults that may change nothing about what comes out: there the truth is known.
        plan.isGentle = random.chance(500)
        let count = random.chance(400) ? 1 : random.within(1...4)
        plan.submissionLimit = random.within(1...4)
        // In the order in which they get their numbers.
        plan.jobs = (0..<count).map { job(of: $0, &random, isGentle: plan.isGentle) }
            .sorted { $0.submittedAfter < $1.submittedAfter }
        plan.pace = Pace(
            boot: random.milliseconds(0...20_000), deletion: random.milliseconds(0...5000),
            snapshot: random.milliseconds(0...20_000), sshAfterBoot: random.milliseconds(0...3000),
            getLag: random.chance(200) ? random.milliseconds(0...20_000) : .zero)
        plan.roundTrip = random.chance(500) ? random.milliseconds(0...200) : .zero
        plan.faults = FaultScript(seed: seed, rules: cloudFaults(&random, isGentle: plan.isGentle))
        plan.interruptions = (0..<random.below(5)).map { _ in interruption(&random) }
        plan.storeFaults = random.chance(200) ? random.within(1...150) : 0
        plan.cuts = random.chance(500) ? random.within(50...700) : 0
        plan.cutWithin = random.within(20...800)
        plan.refusals = random.chance(200) ? random.within(50...500) : 0
        plan.secretsAfter = random.chance(300) ? random.milliseconds(0...30_000) : .zero
        if random.chance(250) {
            plan.wallJumps = (0..<random.within(1...3)).map { _ in
                let by =
                    random.chance(500) ? random.within(-120_000...120_000) : random.within(-86_400_000...86_400_000)
                return (random.milliseconds(0...90_000), .milliseconds(by))
            }
            // A wall clock that jumps a day may reach an expiry, or tell a lag's end from its beginning.
            plan.isGentle = false
        }
        if !plan.isGentle {
            plan.snapshotFailures = random.chance(300) ? 300 : 0
            if random.chance(200) {
                plan.foreignToken = (random.milliseconds(0...60_000), random.milliseconds(1000...300_000))
            }
        }
        plan.drawPolicies(&random)
        return plan
    }

    private static func job(of number: Int, _ random: inout SeededRandom, isGentle: Bool) -> Job {
        var job = Job(definition: definition())
        job.definition.name = "job\(number)"
        var work = Work()
        work.duration = random.chance(700) ? random.milliseconds(0...20_000) : random.milliseconds(0...300_000)
        work.exitCode = random.chance(600) ? 0 : Int32(random.within(1...255))
        work.stdoutBytes = random.chance(100) ? 0 : random.below(600)
        work.stderrBytes = random.chance(300) ? 0 : random.below(200)
        work.pieces = random.within(1...6)
        work.outputBytes = random.chance(200) ? 0 : random.below(500)
        work.obeys = random.chance(800)
        if random.chance(300) {
            job.definition.startupScript = StartupScript(text: "#!/bin/sh\n")
            work.startup = random.milliseconds(0...20_000)
            if random.chance(150) { work.startupExit = Int32(random.within(1...255)) }
        }
        if random.chance(300) {
            job.definition.code = FrozenCode(sha256: "00", byteCount: 0, fileCount: 0)
        }
        if random.chance(300) {
            job.definition.setup = "setup"
            work.setup = random.milliseconds(0...10_000)
            if random.chance(150) { work.setupExit = Int32(random.within(1...255)) }
        }
        if random.chance(200) {
            job.definition.secrets = [SecretReference(name: "S", source: .environment("S"))]
        }
        if random.chance(250) {
            job.definition.snapshot.when =
                SnapshotPolicy.When.allCases[random.below(SnapshotPolicy.When.allCases.count)]
        }
        if random.chance(100) { job.definition.timeouts.run = random.milliseconds(1000...15_000) }
        job.submittedAfter = random.chance(700) ? .zero : random.milliseconds(0...60_000)
        if random.chance(150) { job.cancelledAfter = random.milliseconds(0...90_000) }
        if !isGentle {
            work.supervisorDies = random.chance(100)
            if random.chance(100) { job.vanishesAfter = random.milliseconds(0...60_000) }
            if random.chance(50) { job.definition.timeouts.provision = random.milliseconds(1000...30_000) }
            if random.chance(50) { job.definition.timeouts.collect = random.milliseconds(10...10_000) }
            if random.chance(50) { job.definition.timeouts.snapshot = random.milliseconds(10...10_000) }
            if random.chance(50) { job.definition.timeouts.total = random.milliseconds(1000...60_000) }
            if random.chance(50) { job.definition.timeouts.queue = random.milliseconds(1000...60_000) }
        }
        job.work = work
        return job
    }

    private static func interruption(_ random: inout SeededRandom) -> Interruption {
        let moment: Interruption.Moment =
            random.chance(750) ? .boundary(random.below(60)) : .time(random.milliseconds(0...60_000))
        let kind: Interruption.Kind =
            switch random.below(10) {
            case 0...2: .before
            case 3...5: .after
            case 6...7: .inFlight(random.milliseconds(0...20_000))
            case 8: .stalled(random.milliseconds(100...120_000))
            default: .suspended(random.milliseconds(100...600_000))
            }
        return Interruption(
            moment, kind, downtime: random.milliseconds(0...30_000), reboots: random.chance(150))
    }

    private static func cloudFaults(_ random: inout SeededRandom, isGentle: Bool) -> [FaultRule] {
        var rules: [FaultRule] = []
        func share() -> Double { Double(random.within(1...25)) / 100 }
        func span(_ high: Int) -> FaultRule.Span { FaultRule.Span(0, Int64(random.within(1...high))) }
        if random.chance(300) { rules.append(FaultRule(.latency(span(3000)), probability: share())) }
        if random.chance(250) { rules.append(FaultRule(.tooManyRequests(retryAfter: nil), probability: share())) }
        for moment in FaultRule.Moment.allCases {
            if random.chance(200) {
                rules.append(
                    FaultRule(.serverError(status: 502, moment: moment, html: false), probability: share()))
            }
            if random.chance(200) { rules.append(FaultRule(.dropped(moment), probability: share())) }
            if random.chance(150) {
                // The first create of all, which must be found again.
                rules.append(FaultRule(.dropped(moment), method: "POST", path: "/instances", times: 1))
            }
        }
        if random.chance(250) { rules.append(FaultRule(.slowActive(span(60_000)), probability: 0.5)) }
        if random.chance(250) { rules.append(FaultRule(.noAddress(span(30_000)), probability: 0.5)) }
        if random.chance(250) { rules.append(FaultRule(.noSSH(span(30_000)), probability: 0.5)) }
        if random.chance(400) {
            rules.append(FaultRule(.listLag(appears: span(isGentle ? 40_000 : 120_000), lingers: span(60_000))))
        }
        if random.chance(300) { rules.append(FaultRule(.destroyRefused(random.within(1...20)))) }
        if random.chance(150) {
            rules.append(FaultRule(.unknownStatus(.creating, word: "initializing", span(10_000))))
        }
        guard !isGentle else { return rules }
        if random.chance(150) { rules.append(FaultRule(.error(.creating, span(10_000)), probability: 0.5)) }
        if random.chance(150) { rules.append(FaultRule(.error(.active, span(60_000)), probability: 0.5)) }
        if random.chance(100) { rules.append(FaultRule(.noCapacity, probability: 0.5)) }
        if random.chance(100) { rules.append(FaultRule(.quotaExhausted, probability: 0.5)) }
        if random.chance(50) { rules.append(FaultRule(.neverActive, probability: 0.5)) }
        if random.chance(50) { rules.append(FaultRule(.noAddress(nil), probability: 0.5)) }
        if random.chance(50) { rules.append(FaultRule(.noSSH(nil), probability: 0.5)) }
        return rules
    }
}
