import Adapters
import ArgumentParser
import Glibc
import Keeper
import MayflyCore
import OnInstance

struct PullCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Brings a running job's outputs so far, without ending anything.",
        discussion: """
            What the job's end would bring, $MAYFLY_OUTPUTS and the spec's outputs, as it is now, into pulled/ of the \
            job's results folder, in place of an earlier pull. A file that is written meanwhile is named, and the exit \
            code is 246. What a broken pull has brought is not fetched again.
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
        if to != nil, Paths.exists(place) {
            throw CommandError(code: .usage, message: "\(place) exists: name a new folder, or leave --to out")
        }
        let meter = TransferMeter(record.title, isQuiet: quiet, context: context)
        let request = CollectRequest(outputs: record.definition.outputs)
        let parts = ["pull", record.attempt?.identity.description ?? "", place] + request.outputs
        // One for all tries.
        var begun: StagingFolder?
        return try await JobAccess.copying(with: record, home, meter, context) { connection, tries in
            let arriving = try begun ?? StagingFolder("\(place).partial-", for: parts, context)
            begun = arriving
            let (report, tree) = try await tries.download(
                request, into: arriving, keepsMetadata: false, over: connection, meter)
            defer { arriving.remove() }
            for text in report.skipped { context.console.error(line: "mayfly: \(ControlSequences.line(text))") }
            guard report.isWhole else {
                throw CommandError(
                    code: .incomplete, message: "\(record.title): nothing was pulled; an earlier pull is as it was")
            }
            try replace(place, by: tree, context)
            meter.finish("\(record.title): \(report.files.count) files so far in \(place)", bytes: report.byteCount)
            return report.complete ? 0 : ExitCode.outputsMissing
        }
    }

    /// The earlier pull goes only once this one is in its place.
    private func replace(_ place: String, by arriving: String, _ context: CommandContext) throws {
        let earlier = "\(place).earlier-\(Base32.encode(context.entropy.bytes(8)))"
        let hasEarlier = rename(place, earlier) == 0
        guard rename(arriving, place) == 0 else {
            let words = String(cString: strerror(errno))
            if hasEarlier { _ = rename(earlier, place) }
            throw CommandError(code: .incomplete, message: "\(place) cannot be made: \(words)")
        }
        if hasEarlier { FileBytes.remove(Array(earlier.utf8)) }
    }
}
