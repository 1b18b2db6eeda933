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
            a copy from an instance are left out. Nothing stands under its final name before all of it is there.
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
            return try await upload(files, to: path, of: record, home, context)
        }
    }

    private static let oneSide = CommandError(
        code: .usage,
        message: "one side is a job's (JOB:PATH), the other here: between two jobs copy by way of this machine")

    // MARK: To the instance

    /// From here on the server's window per round trip is what limits one connection.
    private static let worthStriping: Int64 = 16 << 20
    private static let stripes = 4

    private func upload(
        _ files: [String], to path: String, of job: JobRecord, _ home: MayflyHome, _ context: CommandContext
    ) async throws -> Int32 {
        let total = try await TreeSender.size(of: files)
        let meter = TransferMeter(job.title, total: total, isQuiet: quiet, context: context)
        return try await JobAccess.copying(with: job, home, meter) { first in
            var others: [InstanceConnection] = []
            if total >= Self.worthStriping, try await first.canMergeStripes() {
                others = try await otherStripes(job, home)
            }
            // A folder is meant when several go there.
            let target = files.count > 1 && !path.hasSuffix("/") ? (path.isEmpty ? "./" : path + "/") : path
            let token = Base32.encode(context.entropy.bytes(8))
            let sent: InstanceConnection.Sent
            do {
                sent = try await first.upload(files, to: target, over: others, token: token, meter.report)
            } catch {
                for connection in others { await connection.close() }
                throw error
            }
            for connection in others { await connection.close() }
            for warning in sent.warnings { context.console.error(line: "mayfly: \(warning)") }
            meter.finish("\(job.title): \(Self.verb(sent)) to \(path.isEmpty ? "~/work" : path)", bytes: total)
            return sent.warnings.isEmpty ? 0 : ExitCode.outputsMissing
        }
    }

    private static func verb(_ sent: InstanceConnection.Sent) -> String {
        guard sent.isVerified else { return "copied (not verified: an older Mayfly prepared the instance)" }
        guard sent.unreadable > 0 else { return "copied and verified" }
        return "copied and verified, all but \(sent.unreadable) that only root may read,"
    }

    /// Opened at once: at a distance one after the other takes as long as a good part of the copy.
    private func otherStripes(_ job: JobRecord, _ home: MayflyHome) async throws -> [InstanceConnection] {
        try await withThrowingTaskGroup(of: InstanceConnection.self) { group in
            for _ in 1..<Self.stripes { group.addTask { try await JobAccess.connected(to: job, home) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}

enum CopyFailure {
    static func of(_ error: any Error, _ job: JobRecord) -> any Error {
        switch error {
        case let error as RemoteError:
            CommandError(
                code: .connection, message: "\(job.title): \(error.message); nothing half stands there, run it again")
        case let error as InstanceConnection.Refused:
            CommandError(
                code: .incomplete,
                message: "\(job.title): not copied; the instance said: \(ControlSequences.line(error.message))")
        case let error as TreeArchiveError:
            CommandError(code: .usage, message: error.message)
        default: error
        }
    }
}
