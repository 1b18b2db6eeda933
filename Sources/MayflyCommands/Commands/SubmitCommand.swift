import ArgumentParser
import Keeper
import MayflyCore

struct SubmitCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Stores jobs, prints their numbers and leaves: run -d.",
        discussion: "Submitted means it will run; `mayfly cancel` is how it stops, `mayfly attach` how it is followed.")

    @OptionGroup var options: RunOptions

    @Flag(help: "Print versioned NDJSON events instead of numbers.")
    var json = false

    mutating func run(in context: CommandContext) async throws -> Int32 {
        try await Self.submit(options, json: json, in: context)
    }

    static func submit(_ options: RunOptions, json: Bool, in context: CommandContext) async throws -> Int32 {
        let submitted = try await Submission(options: options, context: context, json: json).submit()
        await submitted.client.close()
        for job in submitted.jobs {
            try context.console.out(line: json ? JobEvent.submitted(job).line() : "\(job.id)")
            if !json { context.console.error(line: "\(job.title): results in \(job.resultsFolder)") }
        }
        if !json, let last = submitted.jobs.last {
            context.console.error(line: "next: mayfly attach \(last.id), mayfly ls, mayfly cancel \(last.id)")
        }
        return 0
    }
}
