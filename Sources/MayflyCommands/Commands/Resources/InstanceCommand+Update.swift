import ArgumentParser
import GenesisCloud
import MayflyCore

extension InstanceCommand {
    struct Update: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Renames, protects, grows, and attaches or detaches.",
            discussion: """
                The hostname, type, image, region and floating IP of an instance cannot be changed. --security-group and \
                --volume name the full list from now on; --attach-… and --detach-… read the present list and send it \
                changed.
                """)

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions

        @Option(help: "The new name; the hostname stays.")
        var name: String?

        @Flag(inversion: .prefixedNo, help: "Whether it refuses to be destroyed.")
        var protected: Bool?

        @Option(
            name: .customLong("disk-size"), help: ArgumentHelp("The boot disk; it can only grow.", valueName: "GiB"))
        var diskSize: Int?

        @OptionGroup var groups: SecurityGroupChange
        @OptionGroup var volumes: VolumeChange

        @Option(
            name: .customLong("reservation"),
            help: ArgumentHelp("The reservation it counts against.", valueName: "id"))
        var reservation: String?

        @Argument(help: ResourceHelp.reference)
        var instance: String

        mutating func validate() throws {
            let isEmpty = name == nil && protected == nil && diskSize == nil && reservation == nil
            if isEmpty && groups.change.isEmpty && volumes.change.isEmpty {
                throw ValidationError(
                    "Say what to change: --name, --[no-]protected, --disk-size, --volume, --security-group, …")
            }
        }

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud)
            let item = try await ResourceLookup.one(instance, in: cloud, as: Instance.self)
            var update = UpdateInstanceRequest(
                name: name, isProtected: protected, diskSizeGiB: diskSize,
                reservationID: reservation.map { Reservation.ID($0) })
            update.securityGroups = try await groups.change.list(
                from: item.securityGroups.map(\.id), in: cloud, as: SecurityGroup.self)
            update.volumes = try await volumes.change.list(
                from: item.volumes.map(\.id), in: cloud, as: Volume.self)
            let changed = try await cloud.attempt("update \(item.title)") { [update] in
                try await cloud.client.updateInstance(item.id, update)
            }
            try ResourcePrinter(context, output).changed(changed)
            return 0
        }
    }
}

/// How a list of what is attached is to change, as it was typed.
struct AttachmentChange {
    var all: [String] = []
    var none = false
    var attach: [String] = []
    var detach: [String] = []

    var isEmpty: Bool { all.isEmpty && !none && attach.isEmpty && detach.isEmpty }

    /// Whether the options contradict each other.
    var isContradictory: Bool {
        let ways = [!all.isEmpty, none, !attach.isEmpty || !detach.isEmpty].count { $0 }
        return ways > 1
    }

    /// The full list from now on, the only form that every version of the API knows; `nil` where nothing was said.
    /// - Throws: ``CommandError``, ``CloudFailure``.
    func list<Resource: ListedResource>(
        from present: [Resource.ID], in cloud: CloudConnection, as type: Resource.Type
    ) async throws -> ListChange<Resource>? {
        if isEmpty { return nil }
        if none { return .replace([]) }
        if !all.isEmpty { return .replace(try await ResourceLookup.ids(all, in: cloud, as: type)) }
        let added = try await ResourceLookup.ids(attach, in: cloud, as: type)
        let removed = try await ResourceLookup.ids(detach, in: cloud, as: type)
        for id in removed where !present.contains(id) {
            throw CommandError(code: .usage, message: "\(Resource.noun) \(id) is not attached; nothing was changed")
        }
        var list = present.filter { !removed.contains($0) }
        for id in added where !list.contains(id) { list.append(id) }
        return .replace(list)
    }
}

struct SecurityGroupChange: ParsableArguments {
    @Option(
        name: .customLong("security-group"), parsing: .singleValue,
        help: ArgumentHelp("A security group; may be repeated.", valueName: "name-or-id"))
    var all: [String] = []

    @Flag(name: .customLong("no-security-groups"), help: "No security group at all.")
    var none = false

    @Option(
        name: .customLong("attach-security-group"), parsing: .singleValue,
        help: ArgumentHelp("One more; may be repeated.", valueName: "name-or-id"))
    var attach: [String] = []

    @Option(
        name: .customLong("detach-security-group"), parsing: .singleValue,
        help: ArgumentHelp("One less; may be repeated.", valueName: "name-or-id"))
    var detach: [String] = []

    var change: AttachmentChange { AttachmentChange(all: all, none: none, attach: attach, detach: detach) }

    mutating func validate() throws {
        if change.isContradictory {
            throw ValidationError(
                "Say one of --security-group (the full list), --no-security-groups, and --attach-… with --detach-….")
        }
    }
}

struct VolumeChange: ParsableArguments {
    @Option(
        name: .customLong("volume"), parsing: .singleValue,
        help: ArgumentHelp("A volume; may be repeated.", valueName: "name-or-id"))
    var all: [String] = []

    @Flag(name: .customLong("no-volumes"), help: "Detach every volume.")
    var none = false

    @Option(
        name: .customLong("attach-volume"), parsing: .singleValue,
        help: ArgumentHelp("One more; may be repeated.", valueName: "name-or-id"))
    var attach: [String] = []

    @Option(
        name: .customLong("detach-volume"), parsing: .singleValue,
        help: ArgumentHelp("One less; may be repeated.", valueName: "name-or-id"))
    var detach: [String] = []

    var change: AttachmentChange { AttachmentChange(all: all, none: none, attach: attach, detach: detach) }

    mutating func validate() throws {
        if change.isContradictory {
            throw ValidationError(
                "Say one of --volume (the full list), --no-volumes, and --attach-volume with --detach-volume.")
        }
    }
}
