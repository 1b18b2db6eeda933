import ArgumentParser
import MayflyCore

struct ListCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists jobs: unfinished ones and the newest.", aliases: ["ps", "status", "list"])

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "All jobs of this home.")
    var all = false

    @Flag(help: "One JSON object per job.")
    var json = false

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let store = try await context.openStore(try context.home(global))
        var jobs = try await store.jobs(all ? .all : .newest(20))
        if !all {
            let known = Set(jobs.map(\.id))
            jobs = try await store.jobs(.unfinished).filter { !known.contains($0.id) } + jobs
        }
        for job in try await store.unreadableJobs(all ? .all : .unfinished) {
            context.console.error(line: "mayfly: \(ControlSequences.line(job.advice))")
        }
        if json {
            for job in jobs { try context.console.out(line: JobEvent.row(job).line()) }
            return 0
        }
        if jobs.isEmpty {
            context.console.error(line: "no jobs yet: `mayfly init > job.yaml`, then `mayfly run job.yaml`")
            return 0
        }
        for line in Self.table(jobs, now: context.time.now()) { try context.console.out(line: line) }
        return 0
    }

    static func table(_ jobs: [JobRecord], now: Moment) -> [String] {
        var table = Table(header: ["JOB", "NAME", "CLOUD", "STATE", "EXIT", "TIME", "SUBMITTED", "TYPE", "NOTE"])
        for job in jobs {
            table.add([
                "\(job.id)", job.definition.name, job.cloud.kind.rawValue, state(job),
                job.attempt?.exitCode.map(String.init) ?? "-", TimeText.duration(job.age(now)),
                TimeText.minute(job.submittedAt), job.definition.machine.type, note(job),
            ])
        }
        return table.lines()
    }

    private static func state(_ job: JobRecord) -> String {
        if job.isFinished { return job.outcome?.word ?? "done" }
        return job.cancelRequestedAt == nil ? job.phaseWord : "\(job.phaseWord), cancelling"
    }

    private static func note(_ job: JobRecord) -> String {
        guard job.isFinished else { return job.waitText ?? "" }
        if job.attempt?.teardown != .clean && job.attempt != nil { return "may have leaked: mayfly audit" }
        if job.outcome?.isSuccess != true { return job.reason?.code ?? "" }
        return job.attempt?.delivery == .complete ? "" : "some outputs did not arrive"
    }
}
