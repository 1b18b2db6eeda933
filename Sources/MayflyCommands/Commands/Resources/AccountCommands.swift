import ArgumentParser
import GenesisCloud
import JobSpec
import MayflyCore

struct AvailabilityCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "availability", abstract: "What each region has free just now, type by type.",
        discussion: "`mayfly types` tells the same by type. What is free now may be gone a second later.")

    @OptionGroup var cloud: CloudOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("A placement option, where a region has several.", valueName: "option"))
    var placement: String?

    @Flag(help: "Also what is not free.")
    var all = false

    @Argument(
        help: ArgumentHelp("Regions (default: all).", valueName: "region"), completion: .list(KnownMachines.regions))
    var regions: [String] = []

    private struct Row: Sendable {
        var region: String
        var entry: Availability.InstanceType
    }

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let cloud = try await context.connect(cloud)
        let answers = try await RegionSurvey.availability(in: regions, placement: placement, cloud)
        let printer = ResourcePrinter(context, output)
        if output.json {
            try printer.json(answers)
            return 0
        }
        let rows = answers.flatMap { answer in
            answer.instanceTypes.filter { all || $0.isAvailable }.map { Row(region: answer.region ?? "", entry: $0) }
        }
        if output.quiet {
            var seen: Set<String> = []
            try printer.ids(rows.map(\.entry.type).filter { seen.insert($0).inserted })
            return 0
        }
        if rows.isEmpty {
            cloud.tell("nothing is free in \(answers.compactMap(\.region).joined(separator: ", "))")
            return 0
        }
        try printer.table(
            rows,
            [
                Field("REGION") { $0.region },
                Field("TYPE") { $0.entry.type },
                Field("FREE") { $0.entry.isAvailable ? "yes" : "no" },
                Field("COUNT", .often) { $0.entry.count.map(String.init) ?? "" },
            ])
        return 0
    }
}

struct QuotaCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "quota", abstract: "How much the account may have, and has.")

    @OptionGroup var cloud: CloudOptions

    @Flag(help: "One JSON document with the API's own field names.")
    var json = false

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let cloud = try await context.connect(cloud)
        let quotas = try await cloud.attempt("ask for the quotas") { try await cloud.client.listQuotas() }
        if json {
            try context.console.out(line: ResourcePrinter.document(quotas))
            return 0
        }
        if quotas.isEmpty {
            cloud.tell("the cloud names no quota")
            return 0
        }
        try ResourcePrinter(context, OutputOptions()).table(
            quotas,
            [
                Field("QUOTA") { $0.key },
                Field("USED") { $0.used.map(String.init) ?? "" },
                Field("OF") { $0.capacity.map(String.init) ?? "" },
                Field("COUNTS", .often) { quota in
                    quota.flavors.map { $0.productName ?? $0.flavorName ?? "" }.filter { !$0.isEmpty }
                        .joined(separator: ", ")
                },
            ])
        return 0
    }
}

struct ReservationCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "reservation", abstract: "Machines that the account has reserved.")

    @OptionGroup var cloud: CloudOptions
    @OptionGroup var output: OutputOptions

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let cloud = try await context.connect(cloud)
        let items = try await cloud.attempt("ask for the reservations") { try await cloud.client.listReservations() }
        let printer = ResourcePrinter(context, output)
        if output.json {
            try printer.json(items)
            return 0
        }
        if output.quiet {
            try printer.ids(items.map(\.id.rawValue))
            return 0
        }
        if items.isEmpty {
            cloud.tell("the account has no reservation")
            return 0
        }
        try printer.table(
            items,
            [
                Field("ID") { $0.id.rawValue },
                Field("TYPE") { $0.flavorName ?? "" },
                Field("REGION", .often) { $0.region ?? "" },
                Field("USED", .often) { $0.quota?.used.map(String.init) ?? "" },
                Field("OF", .often) { $0.quota?.capacity.map(String.init) ?? "" },
            ])
        return 0
    }
}

struct TypesCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "types", abstract: "What can be rented: type, GPUs, memory, disk, and where it is free now.")

    @OptionGroup var cloud: CloudOptions
    @OptionGroup var output: OutputOptions

    @Option(
        name: .customLong("region"), parsing: .singleValue,
        help: ArgumentHelp("Only here; may be repeated.", valueName: "region"),
        completion: .list(KnownMachines.regions))
    var regions: [String] = []

    @Flag(help: "Only types with an accelerator.")
    var gpu = false

    @Flag(help: "Only what is free now.")
    var free = false

    struct Row: Sendable, Encodable {
        struct Place: Sendable, Encodable {
            var region: String
            var available: Bool
            var count: Int?
        }

        var facts: InstanceTypeFacts
        var regions: [Place]
        /// Free in all of several regions, with no number to tell.
        var isEverywhere = false

        private enum CodingKeys: String, CodingKey { case regions }

        /// Flat: the facts beside the regions.
        func encode(to encoder: any Encoder) throws {
            try facts.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(regions, forKey: .regions)
        }

        /// Where it is free, with the number where the API gives one.
        var places: String {
            if isEverywhere { return "all \(regions.count) regions" }
            return regions.filter(\.available).map { place in place.region + (place.count.map { " (\($0))" } ?? "") }
                .joined(separator: ", ")
        }
    }

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let cloud = try await context.connect(cloud)
        let answers = try await RegionSurvey.availability(in: regions, placement: nil, cloud)
        let rows = Self.rows(answers).filter { row in
            (!gpu || row.facts.accelerators > 0) && (!free || !row.places.isEmpty)
        }
        let printer = ResourcePrinter(context, output)
        if output.json {
            try printer.json(rows)
            return 0
        }
        if output.quiet {
            try printer.ids(rows.map(\.facts.type))
            return 0
        }
        if rows.isEmpty {
            cloud.tell("the cloud offers nothing of the kind")
            return 0
        }
        try printer.table(rows, Self.fields)
        return 0
    }

    static var fields: [Field<Row>] {
        [
            Field("TYPE") { $0.facts.type },
            Field("GPUS") { row in row.facts.accelerator.map { "\(row.facts.accelerators)x \($0)" } ?? "" },
            Field("VCPUS", .sometimes) { $0.facts.vcpus.map(String.init) ?? "" },
            Field("MEMORY", .often) { ResourceText.gib($0.facts.memoryGiB) },
            Field("DISK", .sometimes) { ResourceText.gib($0.facts.diskGiB) },
            Field("FREE IN") { $0.places.isEmpty ? "nowhere now" : $0.places },
        ]
    }

    /// One row per type, in the order in which the API names them.
    static func rows(_ answers: [Availability]) -> [Row] {
        var order: [String] = []
        var places: [String: [Row.Place]] = [:]
        for answer in answers {
            for entry in answer.instanceTypes {
                if places[entry.type] == nil { order.append(entry.type) }
                places[entry.type, default: []].append(
                    Row.Place(region: answer.region ?? "?", available: entry.isAvailable, count: entry.count))
            }
        }
        return order.map { type in
            let found = places[type] ?? []
            return Row(
                facts: InstanceTypeFacts(type), regions: found,
                isEverywhere: answers.count > 2 && found.count == answers.count
                    && found.allSatisfy { $0.available && $0.count == nil })
        }
    }
}
