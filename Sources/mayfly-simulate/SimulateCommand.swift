import Dispatch
import Simulation

/// `mayfly-simulate`: many seeds, one seed with its history, the exhaustive small world, or the figures.
struct SimulateCommand {
    private static let usage = """
        usage: simulate [--seeds N] [--from SEED] [--threads N]   run N seeds (1000), beginning with SEED (1)
                        [--first-failure]                         and stop at the first that fails
               simulate --seed S [--trace]                        run one, and print its history
               simulate --exhaustive                              one job: every crash, every pair, every lost answer,
                                                                  every failed commit, every byte a connection is cut at
               simulate --figures                                 histories per second, re-attach, commits, memory per job
        Exits with 1 when something did not hold; a failing seed is printed with what it broke.
        """

    private enum Mode { case seeds, one(UInt64), exhaustive, figures, help(String?) }

    private var mode = Mode.seeds
    private var seeds = 1000
    private var first: UInt64 = 1
    private var threads = 1
    private var isTraced = false
    private var stopsAtFailure = false

    init(_ arguments: [String]) {
        var words = arguments[...]
        while let word = words.popFirst() {
            switch word {
            case "--trace": isTraced = true
            case "--first-failure": stopsAtFailure = true
            case "--exhaustive": mode = .exhaustive
            case "--figures": mode = .figures
            case "--help", "-h": mode = .help(nil)
            case "--seeds", "--from", "--threads", "--seed":
                guard let number = words.popFirst().flatMap({ UInt64($0) }) else {
                    mode = .help("\(word) needs a number")
                    return
                }
                switch word {
                case "--seeds": seeds = Int(clamping: number)
                case "--from": first = number
                case "--threads": threads = max(1, Int(clamping: number))
                default: mode = .one(number)
                }
            default: mode = .help("unknown: \(word)")
            }
        }
    }

    func run() -> Int32 {
        switch mode {
        case .seeds: return runSeeds()
        case .one(let seed): return runOne(seed)
        case .exhaustive: return runExhaustive()
        case .figures: return Figures.run()
        case .help(let complaint):
            print(complaint.map { $0 + "\n" + Self.usage } ?? Self.usage)
            return complaint == nil ? 0 : 64
        }
    }

    private func runSeeds() -> Int32 {
        let began = ContinuousClock.now
        let shares = (0..<threads).map { thread in
            SeedRun(
                seeds: Array(stride(from: first + UInt64(thread), to: first + UInt64(seeds), by: threads)),
                stopsAtFailure: stopsAtFailure)
        }
        DispatchQueue.concurrentPerform(iterations: threads) { shares[$0].run() }
        let took = began.duration(to: .now)
        let jobs = shares.reduce(0) { $0 + $1.jobs }
        let failures = shares.flatMap(\.failures).sorted { $0.seed < $1.seed }
        for failure in failures {
            print("seed \(failure.seed): \(failure.violations.prefix(3).joined(separator: "; "))")
        }
        if let worst = failures.first {
            print("history of seed \(worst.seed):")
            for line in World(.drawn(from: worst.seed), keepsLines: true).run().trace.suffix(200) { print("  \(line)") }
        }
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        print(
            "\(seeds) seeds, \(jobs) jobs in \(Int(seconds * 1000)) ms (\(Int(Double(jobs) / seconds)) histories/s): "
                + "\(failures.count) failed")
        return failures.isEmpty ? 0 : 1
    }

    private func runOne(_ seed: UInt64) -> Int32 {
        let report = World(.drawn(from: seed), keepsLines: isTraced).run()
        for line in report.trace { print(line) }
        for violation in report.violations { print("VIOLATION \(violation)") }
        print("seed \(seed): digest \(String(report.digest, radix: 16)), \(report.jobs) jobs, \(report.steps) steps")
        return report.violations.isEmpty ? 0 : 1
    }

    private func runExhaustive() -> Int32 {
        var failed = false
        func tell(_ what: String, _ tally: SmallWorld.Tally) {
            print("\(what): \(tally.runs) histories, \(tally.findings.count) failed")
            for finding in tally.findings.prefix(10) {
                print("  \(finding.point): \(finding.violations.joined(separator: "; "))")
            }
            failed = failed || !tally.findings.isEmpty
        }
        tell("every crash", SmallWorld.singleCrashes())
        tell("every lost request", SmallWorld.lostRequests())
        tell("every failed commit", SmallWorld.failedCommits())
        tell("every cut", SmallWorld.cuts())
        tell("every pair of crashes", SmallWorld.pairs())
        return failed ? 1 : 0
    }
}

/// One thread's seeds. Touched by that thread only, until all threads have ended.
private final class SeedRun: @unchecked Sendable {
    private let seeds: [UInt64]
    private(set) var jobs = 0
    private(set) var failures: [(seed: UInt64, violations: [String])] = []

    private let stopsAtFailure: Bool

    init(seeds: [UInt64], stopsAtFailure: Bool) {
        self.seeds = seeds
        self.stopsAtFailure = stopsAtFailure
    }

    func run() {
        for seed in seeds {
            let report = World(.drawn(from: seed)).run()
            jobs += report.jobs
            guard !report.violations.isEmpty else { continue }
            failures.append((seed, report.violations))
            if stopsAtFailure { return }
        }
    }
}
