import ArgumentParser
import Keeper
import MayflyCore

struct AttachCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Follows jobs again, as run does, from the beginning of their output.",
        discussion: "Starts a keeper when none runs. Ends with the same exit codes as run, also for finished jobs.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var following: FollowOptions

    @Flag(help: "Show only output from now on.")
    var new = false

    @Argument(help: JobReference.help)
    var jobs: [JobReference] = [.last]

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let store = try await context.openStore(home)
        let records = try await JobReference.resolve(jobs, in: store)
        if records.isEmpty {
            context.console.error(line: "mayfly: no job is unfinished; `mayfly ls -a` lists all")
            return 0
        }
        let open = records.filter { !$0.isFinished }
        let secrets = await Self.secrets(of: open, in: context)
        if open.contains(where: { $0.cloud.kind == .local }) {
            try await Background.ensureLocalCloud(home)
        }
        let following = Following(context: context, options: following, onlyNewOutput: new)
        let link: any KeeperLink =
            open.isEmpty
            ? IdleKeeperLink() : SocketKeeperLink(home: home, tokens: try context.allTokens(home), secrets: secrets)
        let resolver = SecretResolver(environment: context.environment)
        var masked = secrets.flatMap(\.values).map(\.value)
        for record in records { masked += await resolver.maskedValues(of: record.definition) }
        return try await following.follow(
            records, store: store, link: link, masking: masked, interrupts: following.interrupts())
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
