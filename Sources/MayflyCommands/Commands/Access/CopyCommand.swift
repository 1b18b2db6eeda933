import Adapters
import ArgumentParser
import Keeper
import MayflyCore
import OnInstance
import TreeArchive

struct CopyCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "cp", abstract: "Copies files and folders to or from a running job's instance.",
        discussion: """
            A path there is JOB:PATH, relative to ~/work, absolute, or from ~/; globs are expanded there (quote them). \
            What exists as a folder is copied into, otherwise the last path is the new name.
              mayfly cp 41:checkpoints/last.pt .
              mayfly cp 'train:runs/*.csv' ./runs/
              mayfly cp more-data/ last:data
            Times, rights, links and holes are kept; files are verified by SHA-256 both ways, and links that lead out of \
            a copy from an instance are left out. Nothing stands under its final name before all of it is there. A copy \
            whose connection is lost begins again by itself; one that broke and is run again goes on where it was.
            Exit codes: 246 when something did not arrive whole, 243 when the connection was lost.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Argument(help: ArgumentHelp("Sources and last the destination; all on one side from one job.", valueName: "path"))
    var paths: [String]

    mutating func run(in context: CommandContext) async throws -> Int32 {
        guard paths.count >= 2, let last = paths.last.map(CopyPath.init) else {
            throw CommandError(code: .usage, message: "name what to copy and where to: mayfly cp 41:model.pt .")
        }
        let sources = paths.dropLast().map(CopyPath.init)
        let home = try context.home(global)
        switch last {
        case .here(let destination):
            var (records, wanted): ([JobRecord], [String]) = ([], [])
            for source in sources {
                guard case .job(let job, let path) = source else { throw Self.oneSide }
                records.append(try await JobAccess.one(job, in: context, home))
                wanted.append(path)
            }
            guard let record = records.first, records.allSatisfy({ $0.id == record.id }) else {
                throw CommandError(code: .usage, message: "copy from one job at a time")
            }
            let copy = DownwardCopy(context: context, isQuiet: quiet, destination: context.absolute(destination))
            return try await copy.run(wanted, of: record, home)
        case .job(let job, let path):
            var files: [String] = []
            for source in sources {
                guard case .here(let file) = source else { throw Self.oneSide }
                files.append(context.absolute(file))
            }
            let record = try await JobAccess.one(job, in: context, home)
            let copy = UpwardCopy(context: context, home: home, job: record, isQuiet: quiet)
            return try await copy.run(files, to: path)
        }
    }

    private static let oneSide = CommandError(
        code: .usage,
        message: "one side is a job's (JOB:PATH), the other here: between two jobs copy by way of this machine")
}
