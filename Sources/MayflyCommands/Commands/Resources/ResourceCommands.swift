import ArgumentParser
import GenesisCloud
import MayflyCore

/// `mayfly <resource> list`
struct ListResources<Resource: ListedResource>: MayflyCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "Lists every \(Resource.noun) of the account.", aliases: ["ls"])
    }

    @OptionGroup var cloud: CloudOptions
    @OptionGroup var output: OutputOptions

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let cloud = try await context.connect(cloud)
        let items = try await cloud.attempt("list \(Resource.noun)s") {
            try await Resource.listing(cloud.client).all()
        }
        try ResourcePrinter(context, output).list(items)
        return 0
    }
}

/// `mayfly <resource> show`
struct ShowResource<Resource: ListedResource>: MayflyCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "show", abstract: "Shows one \(Resource.noun).", aliases: ["get"])
    }

    @OptionGroup var cloud: CloudOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: ResourceHelp.reference)
    var resource: String

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let cloud = try await context.connect(cloud)
        let item = try await ResourceLookup.one(resource, in: cloud, as: Resource.self)
        try ResourcePrinter(context, output).show(item)
        return 0
    }
}

/// `mayfly <resource> delete`
struct DeleteResources<Resource: DeletableResource>: MayflyCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete", abstract: "Deletes \(Resource.noun)s; \(Resource.loss).",
            discussion: ResourceHelp.confirmation, aliases: ["rm"])
    }

    @OptionGroup var cloud: CloudOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var confirmation: ConfirmOptions

    @Argument(help: ResourceHelp.references)
    var resources: [String]

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let cloud = try await context.connect(cloud)
        let deletion = Deletion<Resource>(cloud: cloud, verb: "delete", output: output, confirmation: confirmation)
        return try await deletion.run(resources)
    }
}

/// Deletes what is named: all of it is found before anything goes, and one refusal does not spare the others.
struct Deletion<Resource: DeletableResource> {
    var cloud: CloudConnection
    var verb: String
    var output: OutputOptions
    var confirmation: ConfirmOptions
    /// Waits until one is gone.
    var wait: ((Resource.ID) async throws -> Void)?

    /// - Returns: the exit code: of the first that failed.
    func run(_ names: [String]) async throws -> Int32 {
        var items: [Resource] = []
        for name in names {
            let item = try await ResourceLookup.one(name, in: cloud, as: Resource.self)
            if !items.contains(where: { $0.id == item.id }) { items.append(item) }
        }
        let cautions = items.compactMap(\.caution)
        if confirmation.yes {
            for (item, caution) in items.compactMap({ item in item.caution.map { (item, $0) } }) {
                cloud.tell("\(item.title): \(caution)")
            }
        }
        let what = items.map(\.title).joined(separator: ", ")
        let warning = ([Resource.loss] + cautions).joined(separator: "; ")
        try cloud.context.confirm("\(verb) \(what): \(warning)", confirmation)
        var codes: [Int32] = []
        var done: [Resource] = []
        for item in items {
            do {
                try await cloud.attempt("\(verb) \(item.title)", next: item.wayOut) {
                    try await Resource.delete(item.id, cloud.client)
                    try await wait?(item.id)
                }
                done.append(item)
            } catch let failure as CloudFailure {
                cloud.context.console.error(line: "mayfly: \(failure)")
                codes.append(failure.exitCode)
            }
        }
        try report(done)
        return codes.first ?? 0
    }

    private struct Gone: Encodable {
        var id: String
        var name: String
    }

    private func report(_ items: [Resource]) throws {
        let printer = ResourcePrinter(cloud.context, output)
        if output.json { return try printer.json(items.map { Gone(id: $0.id.rawValue, name: $0.name) }) }
        if output.quiet { return try printer.ids(items.map(\.id.rawValue)) }
        for item in items {
            cloud.tell("\(item.title): \(wait == nil ? "\(verb) accepted" : "gone")")
        }
    }
}

enum ResourceHelp {
    static let reference = ArgumentHelp(
        "Its name or id, or the first 8 or more characters of its id.", valueName: "name-or-id")
    static let references = ArgumentHelp("Names or ids.", valueName: "name-or-id")
    static let confirmation = """
        Asks first on a terminal. Where nobody can answer (scripts, CI) -y is required: without it nothing is done and the \
        exit code is 64.
        """
}
