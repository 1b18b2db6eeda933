import ArgumentParser
import MayflyCore

struct LogsCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Prints a job's output, exactly: stdout to stdout, stderr to stderr.",
        discussion: "On a terminal, and where CI is set, secrets that are known here are shown as ***.")

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

    @Option(help: "The output of this attempt; the newest one's by default.")
    var attempt: Int?

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
        let console = context.console
        let secrets = await SecretResolver(environment: context.environment).maskedValues(of: record.definition)
        let newest = record.attempt?.number ?? 1
        if let attempt, !(1...newest).contains(attempt) {
            throw CommandError(
                code: .usage,
                message: newest == 1
                    ? "\(record.title) has one attempt" : "\(record.title) has attempts 1 to \(newest), not \(attempt)")
        }
        var shown = attempt ?? newest
        let isPrivate = context.variable("CI") == nil && !console.stdoutIsTerminal && !console.stderrIsTerminal
        var streams = (only.map { [$0] } ?? [.stdout, .stderr]).map { log in
            Stream(
                tail: LogTail(log, of: record, attempt: shown), log: log,
                toStandardOutput: only != nil || log == .stdout,
                masker: isPrivate || secrets.isEmpty ? nil : SecretMasker(secrets: secrets))
        }
        while true {
            // Read before drained: what is over now has logs that are whole.
            record = try await store.job(record.id) ?? record
            var grew = true
            while grew {
                grew = false
                for index in streams.indices {
                    let bytes = streams[index].tail.next()
                    guard !bytes.isEmpty else { continue }
                    grew = true
                    try print(streams[index].masker?.mask(bytes) ?? bytes, of: streams[index], on: console)
                }
            }
            if !follow || console.stdoutIsClosed { break }
            // Only -f sees another attempt begin: what was printed was printed.
            if attempt == nil, let newest = record.attempt?.number, newest > shown {
                shown += 1
                for index in streams.indices {
                    streams[index].tail = LogTail(streams[index].log, of: record, attempt: shown)
                }
                continue
            }
            if record.isFinished { break }
            try await context.time.sleep(for: .milliseconds(100))
        }
        for index in streams.indices {
            try print(streams[index].masker?.finish() ?? [], of: streams[index], on: console)
        }
        return 0
    }

    private struct Stream {
        var tail: LogTail
        var log: JobLog
        var toStandardOutput: Bool
        var masker: SecretMasker?
    }

    private func print(_ bytes: [UInt8], of stream: Stream, on console: Console) throws {
        guard !bytes.isEmpty else { return }
        if stream.toStandardOutput { try console.out(bytes) } else { console.error(bytes) }
    }
}
