import Adapters
import ArgumentParser
import Foundation
import Keeper
import MayflyCore
import OnInstance

struct PullCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Brings a running job's outputs so far, without ending anything.",
        discussion: """
            What the job's end would bring, $MAYFLY_OUTPUTS and the spec's outputs, as it is now, into pulled/ of the \
            job's results folder, in place of an earlier pull. A file that is written meanwhile is named, and the exit \
            code is 246.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Option(help: ArgumentHelp("Where to, in place of pulled/ of the results.", valueName: "folder"))
    var to: String?

    @Argument(help: JobReference.help)
    var job: JobReference = .last

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let record = try await JobAccess.one(job, in: context, home)
        let place = to.map(context.absolute) ?? "\(record.resultsFolder)/pulled"
        let files = FileManager.default
        if to != nil, files.fileExists(atPath: place) {
            throw CommandError(code: .usage, message: "\(place) exists: name a new folder, or leave --to out")
        }
        let connection = try await JobAccess.connected(to: record, home)
        let meter = TransferMeter(record.title, context: context)
        let arriving = "\(place).partial-\(Base32.encode(context.entropy.bytes(8)))"
        defer { try? files.removeItem(atPath: arriving) }
        do {
            let request = CollectRequest(outputs: record.definition.outputs)
            let quiet = quiet
            let report = try await connection.download(request, to: arriving, keepsMetadata: false) {
                if !quiet { meter.report($0) }
            }
            await connection.close()
            if to == nil { try? files.removeItem(atPath: place) }
            try files.moveItem(atPath: arriving, toPath: place)
            for text in report.skipped { context.console.error(line: "mayfly: \(ControlSequences.line(text))") }
            if quiet {
                meter.clear()
            } else {
                let bytes = report.files.reduce(Int64(0)) { $0 + $1.bytes }
                meter.finish("\(record.title): \(report.files.count) files so far in \(place)", bytes: bytes)
            }
            return report.complete ? 0 : ExitCode.outputsMissing
        } catch {
            meter.clear()
            await connection.close()
            throw CopyFailure.of(error, record)
        }
    }
}
