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
        for job in jobs where !job.definition.secrets.isEmpty && job.attempt?.commandStarted != true {
            do {
                grants.append(SecretGrant(job: job.id, values: try await resolver.values(of: job.definition)))
            } catch {
                context.console.error(line: "mayfly: \(job.title): \(error)")
            }
        }
        return grants
    }
}

/// Starting background processes, with words for when that fails.
enum Background {
    static func ensureLocalCloud(_ home: MayflyHome) async throws {
        do {
            try await Processes.ensureLocalCloud(home: home)
        } catch {
            throw CommandError(
                code: .background,
                message: "the local cloud cannot be started: \(error); its log is \(home.localCloudLog)")
        }
    }

    static func ensureKeeper(_ home: MayflyHome) async throws -> KeeperClient {
        do {
            return try await Processes.ensureKeeper(home: home)
        } catch {
            throw CommandError(
                code: .background, message: "the keeper cannot be started: \(error); its log is \(home.keeperLog)")
        }
    }

    /// Hands tokens and secrets to a keeper. One that dies just now is replaced, as it is when it dies later.
    /// - Returns: the keeper's client that has them; closed when this throws.
    static func supply(
        _ client: KeeperClient, of home: MayflyHome, tokens: [TokenGrant], secrets: [SecretGrant]
    ) async throws -> KeeperClient {
        var client = client
        var tries = 0
        while true {
            do {
                try await client.provide(tokens: tokens, secrets: secrets)
                return client
            } catch {
                await client.close()
                tries += 1
                guard error is KeeperError, tries < 5 else { throw error }
                client = try await ensureKeeper(home)
            }
        }
    }
}
