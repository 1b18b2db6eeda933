import ArgumentParser
import MayflyCore

struct LogsCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Prints a job's output, exactly: stdout to stdout, stderr to stderr.")

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Go on until the job is over.")
    var follow = false

    @Flag(help: "Only the command's stdout.")
    var stdout = false

    @Flag(help: "Only the command's stderr, on stdout.")
    var stderr = false

    @Flag(help: "The startup script's output, on stdout.")
    var startup = false

    @Flag(help: "The setup script's output, on stdout.")
    var setup = false

    @Argument(help: JobReference.help)
    var job: JobReference = .last

    mutating func validate() throws {
        if [stdout, stderr, startup, setup].count(where: { $0 }) > 1 {
            throw ValidationError("Name one of --stdout, --stderr, --startup and --setup.")
        }
    }

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let store = try await context.openStore(try context.home(global))
        let jobs = try await JobReference.resolve([job], in: store)
        guard jobs.count == 1, var record = jobs.first else {
            throw CommandError(
                code: .usage, message: "logs prints one job at a time; name it, or use `mayfly attach all`")
        }
        let only: JobLog? = stdout ? .stdout : stderr ? .stderr : startup ? .startup : setup ? .setup : nil
        var tails = (only.map { [$0] } ?? [.stdout, .stderr]).map { ($0, LogTail(path: record.logPath($0))) }
        let console = context.console
        while true {
            // Read before drained: what is over now has logs that are whole.
            record = try await store.job(record.id) ?? record
            var grew = true
            while grew {
                grew = false
                for index in tails.indices {
                    let bytes = tails[index].1.next()
                    guard !bytes.isEmpty else { continue }
                    grew = true
                    if only == nil && tails[index].0 == .stderr { console.error(bytes) } else { try console.out(bytes) }
                }
            }
            if !follow || record.isFinished || console.stdoutIsClosed { return 0 }
            try await context.time.sleep(for: .milliseconds(100))
        }
    }
}
