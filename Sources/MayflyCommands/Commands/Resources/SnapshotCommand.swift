import ArgumentParser
import GenesisCloud
import JobSpec
import MayflyCore

struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Snapshots of boot disks; `mayfly instance snapshot` takes one.",
        subcommands: [
            ListResources<Snapshot>.self, ShowResource<Snapshot>.self, Rename.self, Clone.self, Import.self,
            DeleteResources<Snapshot>.self,
        ])

    struct Rename: MayflyCommand {
        static let configuration = CommandConfiguration(commandName: "update", abstract: "Renames a snapshot.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions

        @Option(help: "The new name.")
        var name: String

        @Argument(help: ResourceHelp.reference)
        var snapshot: String

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud)
            let item = try await ResourceLookup.one(snapshot, in: cloud, as: Snapshot.self)
            let changed = try await cloud.attempt("rename \(item.title)") { [name] in
                try await cloud.client.renameSnapshot(item.id, to: name)
            }
            try ResourcePrinter(context, output).changed(changed)
            return 0
        }
    }

    struct Clone: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "clone", abstract: "Copies a snapshot, into the same or another region.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var waiting: WaitOptions

        @Option(
            help: ArgumentHelp("Where the copy goes (default: where the snapshot is).", valueName: "region"),
            completion: .list(KnownMachines.regions))
        var region: String?

        @Argument(help: ResourceHelp.reference)
        var snapshot: String

        @Argument(help: ArgumentHelp("The copy's name.", valueName: "name"))
        var name: String

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud, creates: true)
            let item = try await ResourceLookup.one(snapshot, in: cloud, as: Snapshot.self)
            guard let region = region ?? item.region else {
                throw CommandError(
                    code: .usage, message: "the cloud does not say where \(item.title) is: name a region with --region")
            }
            let copy = try await cloud.attempt(
                "copy \(item.title) as \"\(name)\"", toFindOut: "`mayfly snapshot ls`"
            ) { [name] in
                try await cloud.client.cloneSnapshot(item.id, name: name, region: region)
            }
            try ResourcePrinter(context, output).changed(
                try await SnapshotCommand.finished(copy, cloud, waiting))
            return 0
        }
    }

    struct Import: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Has the cloud fetch a raw disk image, plain or packed with zstd.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var waiting: WaitOptions

        @Option(help: ArgumentHelp("Of the uncompressed disk.", valueName: "GiB"))
        var size: Int

        @Option(help: ArgumentHelp("Where it goes.", valueName: "region"), completion: .list(KnownMachines.regions))
        var region = KnownMachines.defaultRegion

        @Option(name: .customLong("os"), help: ArgumentHelp("The kind of system in it.", valueName: "linux|windows"))
        var system: String?

        @Argument(help: ArgumentHelp("The snapshot's name.", valueName: "name"))
        var name: String

        @Argument(help: ArgumentHelp("Where the cloud finds the image.", valueName: "url"))
        var url: String

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud, creates: true)
            let request = ImportSnapshotRequest(
                name: name, sizeGiB: size, url: url, region: region, osType: system.map { OSType(wire: $0) })
            let snapshot = try await cloud.attempt("import snapshot \"\(name)\"", toFindOut: "`mayfly snapshot ls`") {
                try await cloud.client.importSnapshot(request)
            }
            try ResourcePrinter(context, output).changed(
                try await SnapshotCommand.finished(snapshot, cloud, waiting))
            return 0
        }
    }

    static func finished(
        _ snapshot: Snapshot, _ cloud: CloudConnection, _ waiting: WaitOptions
    ) async throws -> Snapshot {
        guard waiting.isAsked else { return snapshot }
        cloud.tell("\(snapshot.title) is \(snapshot.status); waiting until it is created")
        return try await cloud.attempt("wait for \(snapshot.title)") {
            try await cloud.client.waitUntilCreated(snapshot.id, timeout: waiting.limit(.seconds(1200)))
        }
    }
}
