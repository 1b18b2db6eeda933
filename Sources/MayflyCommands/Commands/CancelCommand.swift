import ArgumentParser
import Keeper
import MayflyCore

struct CancelCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Ends jobs: TERM, grace, KILL, collect what there is, destroy, verify.",
        aliases: ["stop", "kill"])

    @OptionGroup var global: GlobalOptions

    @Flag(
        help: "Also ends jobs whose instance can never be proved gone (wiped cloud, lost account); they end with 249.")
    var forget = false

    @Argument(help: JobReference.help)
    var jobs: [JobReference]

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let store = try await context.openStore(home)
        let records = try await JobReference.resolve(jobs, in: store)
        let now = context.time.now().wall
        var asked: [JobRecord] = []
        for job in records {
            if try await store.requestCancel(job.id, at: now) {
                if forget { try await store.setValue("1", for: JobRecord.forgetKey(job.id)) }
                asked.append(job)
            } else {
                context.console.error(line: "\(job.title): already over (\(job.outcome?.word ?? "done"))")
            }
        }
        if records.isEmpty { context.console.error(line: "no job is unfinished") }
        guard !asked.isEmpty else { return 0 }
        // A cancel is durable already; somebody has to act on it.
        let tokens = try context.allTokens(home)
        let client = try await Background.ensureKeeper(home)
        try await Background.supply(client, of: home, tokens: tokens, secrets: []).close()
        for job in asked {
            context.console.error(line: "\(job.title): cancelling; `mayfly attach \(job.id)` shows it end")
        }
        return 0
    }
}
