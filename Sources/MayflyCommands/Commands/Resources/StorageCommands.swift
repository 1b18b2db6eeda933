import ArgumentParser
import GenesisCloud
import JobSpec
import MayflyCore

/// What making a volume or filesystem takes.
struct StorageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("At least 1.", valueName: "GiB"))
    var size: Int

    @Option(help: ArgumentHelp("Where.", valueName: "region"), completion: .list(KnownMachines.regions))
    var region = KnownMachines.defaultRegion

    @Option(help: "A note for people.")
    var description: String?

    @Argument(help: ArgumentHelp("Its name.", valueName: "name"))
    var name: String
}

/// What can be changed of a volume or filesystem.
struct StorageChange: ParsableArguments {
    @Option(help: "The new name.")
    var name: String?

    @Option(help: "A note for people.")
    var description: String?

    @Option(help: ArgumentHelp("It can only grow.", valueName: "GiB"))
    var size: Int?

    var request: UpdateStorageRequest { UpdateStorageRequest(name: name, description: description, sizeGiB: size) }

    mutating func validate() throws {
        if request == UpdateStorageRequest() {
            throw ValidationError("Say what to change: --name, --description or --size.")
        }
    }
}

struct VolumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume", abstract: "Block volumes, which outlive the instances they are attached to.",
        subcommands: [
            Create.self, ListResources<Volume>.self, ShowResource<Volume>.self, Update.self,
            DeleteResources<Volume>.self,
        ])

    struct Create: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Makes a volume, which costs until it is deleted.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var waiting: WaitOptions
        @OptionGroup var options: StorageOptions

        @Option(
            help: ArgumentHelp("hdd, or ssd where the region has it (the API's default: hdd).", valueName: "type"),
            completion: .list(["hdd", "ssd"]))
        var type: String?

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud, creates: true)
            let request = CreateVolumeRequest(
                name: options.name, region: options.region, sizeGiB: options.size, description: options.description,
                type: type.map { Volume.Kind(wire: $0) })
            var volume = try await cloud.attempt("make volume \"\(request.name)\"", toFindOut: "`mayfly volume ls`") {
                try await cloud.client.createVolume(request)
            }
            if waiting.isAsked {
                let id = volume.id
                volume = try await cloud.attempt("wait for \(volume.title)") { [limit = waiting.limit(.seconds(600))] in
                    try await cloud.client.waitUntilCreated(id, timeout: limit)
                }
            }
            try ResourcePrinter(context, output).changed(volume)
            return 0
        }
    }

    struct Update: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Renames, describes or grows a volume.",
            discussion: "`mayfly instance update INSTANCE --attach-volume NAME` attaches one.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var change: StorageChange

        @Argument(help: ResourceHelp.reference)
        var volume: String

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud)
            let item = try await ResourceLookup.one(volume, in: cloud, as: Volume.self)
            let changed = try await cloud.attempt("update \(item.title)") { [request = change.request] in
                try await cloud.client.updateVolume(item.id, request)
            }
            try ResourcePrinter(context, output).changed(changed)
            return 0
        }
    }
}

struct FilesystemCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filesystem", abstract: "Network filesystems, mounted by NFS.",
        subcommands: [
            Create.self, ListResources<Filesystem>.self, ShowResource<Filesystem>.self, Update.self,
            DeleteResources<Filesystem>.self,
        ])

    struct Create: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Makes a filesystem, which costs until it is deleted.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var waiting: WaitOptions
        @OptionGroup var options: StorageOptions

        @Option(help: ArgumentHelp("The kind, where there are several: vast.", valueName: "type"))
        var type: String?

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud, creates: true)
            let request = CreateFilesystemRequest(
                name: options.name, region: options.region, sizeGiB: options.size, description: options.description,
                type: type.map { Filesystem.Kind(wire: $0) })
            var filesystem = try await cloud.attempt(
                "make filesystem \"\(request.name)\"", toFindOut: "`mayfly filesystem ls`"
            ) {
                try await cloud.client.createFilesystem(request)
            }
            if waiting.isAsked {
                let id = filesystem.id
                filesystem = try await cloud.attempt("wait for \(filesystem.title)") {
                    [limit = waiting.limit(.seconds(600))] in
                    try await cloud.client.waitUntilCreated(id, timeout: limit)
                }
            }
            try ResourcePrinter(context, output).changed(filesystem)
            return 0
        }
    }

    struct Update: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Renames, describes or grows a filesystem.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var change: StorageChange

        @Argument(help: ResourceHelp.reference)
        var filesystem: String

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud)
            let item = try await ResourceLookup.one(filesystem, in: cloud, as: Filesystem.self)
            let changed = try await cloud.attempt("update \(item.title)") { [request = change.request] in
                try await cloud.client.updateFilesystem(item.id, request)
            }
            try ResourcePrinter(context, output).changed(changed)
            return 0
        }
    }
}
