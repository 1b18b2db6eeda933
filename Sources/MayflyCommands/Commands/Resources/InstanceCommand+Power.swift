import ArgumentParser
import GenesisCloud
import MayflyCore

/// What start, stop and reset take.
struct PowerOptions: ParsableArguments {
    @OptionGroup var cloud: CloudOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: ResourceHelp.references)
    var instances: [String]
}

extension InstanceCommand {
    struct Start: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "start", abstract: "Starts stopped instances; an address that is not floating may change.")

        @OptionGroup var options: PowerOptions

        mutating func run(in context: CommandContext) async throws -> Int32 {
            try await PowerChange(action: .start, options: options).run(in: context)
        }
    }

    struct Stop: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "stop", abstract: "Stops instances; disks stay, and cost.")

        @OptionGroup var options: PowerOptions

        mutating func run(in context: CommandContext) async throws -> Int32 {
            try await PowerChange(action: .stop, options: options).run(in: context)
        }
    }

    struct Reset: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset", abstract: "Restarts instances as a reset button does; disks stay.")

        @OptionGroup var options: PowerOptions

        mutating func run(in context: CommandContext) async throws -> Int32 {
            try await PowerChange(action: .reset, options: options).run(in: context)
        }
    }
}

/// One action on one or several instances.
struct PowerChange {
    var action: Instance.Action
    var options: PowerOptions

    /// The status may lag behind an action: an instance that is seen active this often, and never resetting, has come
    /// back between two looks.
    private static let looksUntilBack = 8

    func run(in context: CommandContext) async throws -> Int32 {
        let cloud = try await context.connect(options.cloud)
        var items: [Instance] = []
        for name in options.instances {
            items.append(try await ResourceLookup.one(name, in: cloud, as: Instance.self))
        }
        var changed: [Instance] = []
        var codes: [Int32] = []
        for item in items {
            do {
                changed.append(try await change(item, in: cloud))
            } catch let failure as CloudFailure {
                context.console.error(line: "mayfly: \(failure)")
                codes.append(failure.exitCode)
            }
        }
        if !changed.isEmpty || codes.isEmpty {
            try ResourcePrinter(context, options.output).list(changed)
        }
        return codes.first ?? 0
    }

    private func change(_ item: Instance, in cloud: CloudConnection) async throws -> Instance {
        try await cloud.attempt(
            "\(action) \(item.title)",
            next: "it is \(item.status); `mayfly instance actions \(item.id)` tells what it allows now",
            toFindOut: "`mayfly instance show \(item.id)`"
        ) {
            try await cloud.client.perform(action, on: item.id)
        }
        guard options.waiting.isAsked else {
            return try await cloud.attempt("look at \(item.title)") { try await cloud.client.instance(item.id) }
        }
        return try await cloud.attempt("wait for \(item.title)") {
            try await wait(item, cloud.client)
        }
    }

    private func wait(_ item: Instance, _ client: GenesisCloudClient) async throws -> Instance {
        let limit = options.waiting.limit(.seconds(600))
        if action == .stop { return try await client.waitForInstance(item.id, toBe: .stopped, timeout: limit) }
        var hasLeft = action == .start
        var looks = 0
        return try await client.waitForInstance(
            item.id, toBe: "active with a public address", timeout: limit
        ) { instance in
            looks += 1
            guard instance.status != .error else {
                throw GenesisCloudError(code: .unreachableState, message: "instance \(item.id) is in error")
            }
            hasLeft = hasLeft || instance.status != .active || instance.updatedAt != item.updatedAt
            return instance.isReachable && (hasLeft || looks >= Self.looksUntilBack)
        }
    }
}
