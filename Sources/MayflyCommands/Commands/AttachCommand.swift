import ArgumentParser
import Keeper
import MayflyCore

struct AttachCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Follows jobs again, as run does, from the beginning of their output.",
        discussion: """
            From any terminal, and as many at once as you like: it only watches. TERM, a closed terminal and a closed stdout \
            end the watching (247) and touch no job; Ctrl-C is as with run. Starts a keeper when none runs. Ends with the same \
            exit codes as run, also for finished jobs.

            --results FOLDER delivers there too, as <name>-<number>/, and never over what is there: when a job is over its \
            results folder is copied, every file compared with what was read and the logs with what the instance sealed. A \
            copy that fails makes 0 to 246. Where the folder on record has vanished or cannot be written, an unfinished job \
            delivers to FOLDER from now on instead: its logs and outputs are fetched anew from the instance; startup.log, \
            setup.log and earlier attempts stay where they were.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var following: FollowOptions

    @Option(help: "Show output from its start, or from its end on: only what comes.")
    var from = LogOrigin.start

    @Flag(help: "The same as --from end.")
    var new = false

    @Option(help: ArgumentHelp("Deliver results there too, as <name>-<number>/.", valueName: "folder"))
    var results: String?

    @Argument(help: JobReference.help)
    var jobs: [JobReference] = [.last]

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let store = try await context.openStore(home)
        var records = try await JobReference.resolve(jobs, in: store)
        if records.isEmpty {
            context.console.error(line: "mayfly: no job is unfinished; `mayfly ls -a` lists all")
            return 0
        }
        let delivery = results.map { ResultsDelivery(parent: context.absolute($0), console: context.console) }
        if let delivery { records = try await delivery.begin(records, store) }
        let open = records.filter { !$0.isFinished }
        let secrets = await Self.secrets(of: open, in: context)
        if open.contains(where: { $0.cloud.kind == .local }) {
            try await Background.ensureLocalCloud(home)
        }
        let following = Following(
            context: context, options: following, onlyNewOutput: new || from == .end, onlyWatches: true)
        let link: any KeeperLink =
            open.isEmpty
            ? IdleKeeperLink() : SocketKeeperLink(home: home, tokens: try context.allTokens(home), secrets: secrets)
        let resolver = SecretResolver(environment: context.environment)
        var masked = secrets.flatMap(\.values).map(\.value)
        for record in records { masked += await resolver.maskedValues(of: record.definition) }
        let code = try await following.follow(
            records, store: store, link: link, masking: masked, interrupts: following.interrupts())
        return try await delivery?.end(records.map(\.id), store, code) ?? code
    }

    /// The secrets of jobs that may still need them, as far as they can be found here: a keeper that still has them
    /// needs none, and one that has not says that the job waits for them.
    static func secrets(of jobs: [JobRecord], in context: CommandContext) async -> [SecretGrant] {
        let resolver = SecretResolver(environment: context.environment)
        var grants: [SecretGrant] = []
        for job in jobs where !job.definition.secrets.isEmpty && job.mayNeedSecrets {
            do {
                grants.append(SecretGrant(job: job.id, values: try await resolver.values(of: job.definition)))
            } catch {
                context.console.error(line: "mayfly: \(job.title): \(error)")
            }
        }
        return grants
    }
}

/// From where output is shown.
enum LogOrigin: String, ExpressibleByArgument, CaseIterable {
    case start, end
}
