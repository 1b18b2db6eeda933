import ArgumentParser
import MayflyCore

struct ShowCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows one job: what was asked for, its phases, its instance and what became of it.")

    @OptionGroup var global: GlobalOptions

    @Flag(help: "One JSON object per job.")
    var json = false

    @Argument(help: JobReference.help)
    var jobs: [JobReference] = [.last]

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let store = try await context.openStore(try context.home(global))
        for job in try await JobReference.resolve(jobs, in: store) {
            if json {
                try context.console.out(line: JobEvent.row(job).line())
            } else {
                for line in DetailText.lines(job, now: context.time.now(), style: context.outputStyle) {
                    try context.console.out(line: line)
                }
            }
        }
        return 0
    }
}
