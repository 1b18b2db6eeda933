import Glibc
import Simulation

/// What the simulation, and the orchestrator in it, cost. Only a release build says anything.
enum Figures {
    static func run() -> Int32 {
        histories()
        commits()
        reattach()
        memory()
        return 0
    }

    /// Of this process's CPU: other processes do not count.
    private static func seconds(_ body: () -> Void) -> Double {
        let before = clock()
        body()
        return Double(clock() - before) / Double(CLOCKS_PER_SEC)
    }

    private static func histories() {
        var jobs = 0
        let quiet = seconds { for seed in 1...2000 { jobs += World(.quiet(seed: UInt64(seed))).run().jobs } }
        tell("whole quiet job histories: \(Int(Double(jobs) / quiet)) per second on one core")
        jobs = 0
        let drawn = seconds { for seed in 1...2000 { jobs += World(.drawn(from: UInt64(seed))).run().jobs } }
        tell("job histories of drawn worlds (faults, crashes): \(Int(Double(jobs) / drawn)) per second on one core")
    }

    private static func commits() {
        tell("durable commits of a plain job: \(World(.quiet()).run().commits)")
        var plan = WorldPlan.quiet()
        plan.addStages()
        tell("durable commits of a job with startup script, upload, setup and snapshot: \(World(plan).run().commits)")
    }

    /// What takes minutes tells what it has so far.
    private static func tell(_ line: String) {
        print(line)
        fflush(nil)
    }

    private static func reattach() {
        var plan = WorldPlan.quiet(jobs: 1000, work: WorldPlan.Work(duration: .seconds(600)))
        plan.interruptions = [WorldPlan.Interruption(.time(.seconds(60)), .before)]
        let world = World(plan)
        let report = world.run(measuringAt: .seconds(60), .seconds(70))
        tell(
            "re-attach of 1,000 running jobs after a restart: all connected after "
                + "\(report.reattached.map { "\($0) virtual" } ?? "never"), \(milliseconds(report.measured)) of CPU; "
                + "\(report.violations.count) violations")
    }

    private static func milliseconds(_ duration: Duration) -> String {
        "\(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000) ms"
    }

    private static func memory() {
        let count = 10_000
        let before = residentBytes()
        var plan = WorldPlan.quiet(jobs: count, work: WorldPlan.Work(duration: .seconds(1500)))
        // Ten a second: the allocator would keep the pages of ten thousand first-boot documents that exist at once.
        for index in plan.jobs.indices { plan.jobs[index].submittedAfter = .milliseconds(100 * index) }
        let world = World(plan)
        var peak = 0
        world.everyMinute = { peak = max(peak, residentBytes()) }
        let took = seconds { _ = world.run() }
        tell(
            "\(count) jobs at once: \((peak - before) / count / 1024) KiB each, instances and store included; "
                + "all done in \(Int(took * 1000)) ms of CPU")
    }

    private static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(getpagesize())
    }
}
