import ArgumentParser
import GenesisCloud
import MayflyCore

/// Instances by hand: machines that live until somebody destroys them.
struct InstanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instance", abstract: "Instances by hand: they live, and cost, until you destroy them.",
        subcommands: [
            Create.self, ListResources<Instance>.self, ShowResource<Instance>.self, Update.self, Start.self, Stop.self,
            Reset.self, Actions.self, TakeSnapshot.self, Snapshots.self, Destroy.self,
        ])

    struct Destroy: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "destroy", abstract: "Destroys instances; boot disks are lost, attached volumes stay.",
            discussion: ResourceHelp.confirmation
                + " A protected instance is refused until `mayfly instance update NAME --no-protected`.",
            aliases: ["rm", "delete"])

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var confirmation: ConfirmOptions
        @OptionGroup var waiting: WaitOptions

        @Argument(help: ResourceHelp.references)
        var instances: [String]

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud)
            var deletion = Deletion<Instance>(
                cloud: cloud, verb: "destroy", output: output, confirmation: confirmation)
            if waiting.isAsked {
                let limit = waiting.limit(.seconds(600))
                deletion.wait = { try await cloud.client.waitUntilGone($0, timeout: limit) }
            }
            return try await deletion.run(instances)
        }
    }

    struct Actions: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "actions", abstract: "Lists what can be asked of an instance just now: start, stop, reset.")

        @OptionGroup var cloud: CloudOptions

        @Flag(help: "One JSON document with the API's own field names.")
        var json = false

        @Argument(help: ResourceHelp.reference)
        var instance: String

        private struct Document: Encodable { var actions: [Instance.Action] }

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud)
            let item = try await ResourceLookup.one(instance, in: cloud, as: Instance.self)
            let actions = try await cloud.attempt("list the actions of \(item.title)") {
                try await cloud.client.actions(of: item.id)
            }
            if json {
                try context.console.out(line: ResourcePrinter.document(Document(actions: actions)))
            } else {
                if actions.isEmpty { cloud.tell("nothing can be asked of \(item.title) while it is \(item.status)") }
                for action in actions { try context.console.out(line: ControlSequences.line(action.wire)) }
            }
            return 0
        }
    }

    struct Snapshots: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "snapshots", abstract: "Lists the snapshots that were taken of an instance.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: ResourceHelp.reference)
        var instance: String

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud)
            let item = try await ResourceLookup.one(instance, in: cloud, as: Instance.self)
            let snapshots = try await cloud.attempt("list the snapshots of \(item.title)") {
                try await cloud.client.listSnapshots(instance: item.id)
            }
            try ResourcePrinter(context, output).list(snapshots)
            return 0
        }
    }

    struct TakeSnapshot: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "snapshot", abstract: "Takes a snapshot of an instance's boot disk.",
            discussion: "Its name or id can be given to `mayfly instance create --image`. It is kept, and costs, until "
                + "`mayfly snapshot delete`.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var waiting: WaitOptions

        @Option(
            name: .customLong("replicate-to"),
            help: ArgumentHelp("Also make a copy in this region.", valueName: "region"))
        var replicatedRegion: String?

        @Argument(help: ResourceHelp.reference)
        var instance: String

        @Argument(help: ArgumentHelp("The snapshot's name (default: the instance's and the time).", valueName: "name"))
        var name: String?

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud, creates: true)
            let item = try await ResourceLookup.one(instance, in: cloud, as: Instance.self)
            let name = name ?? "\(item.name) \(TimeText.minute(context.time.now().wall))"
            var snapshot = try await cloud.attempt(
                "snapshot \(item.title) as \"\(name)\"", toFindOut: "`mayfly instance snapshots \(item.id)`"
            ) { [replicatedRegion] in
                try await cloud.client.createSnapshot(
                    instance: item.id, name: name, replicatedRegion: replicatedRegion)
            }
            if waiting.isAsked {
                let id = snapshot.id
                cloud.tell("\(snapshot.title) is \(snapshot.status); waiting until it is created")
                snapshot = try await cloud.attempt("wait for snapshot \(id)") {
                    [limit = waiting.limit(.seconds(1200))] in
                    try await cloud.client.waitUntilCreated(id, timeout: limit)
                }
            }
            try ResourcePrinter(context, output).changed(snapshot)
            return 0
        }
    }
}
