import ArgumentParser
import GenesisCloud
import JobSpec
import MayflyCore

struct SecurityGroupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "security-group", abstract: "Firewall rules for instances.",
        subcommands: [
            Create.self, ListResources<SecurityGroup>.self, ShowResource<SecurityGroup>.self, Update.self,
            DeleteResources<SecurityGroup>.self,
        ])

    static let ruleHelp = ArgumentHelp(
        "What is let through: tcp:22, udp:5000-5100, icmp, all, or egress:tcp:443; may be repeated.",
        valueName: "rule")

    struct Create: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Makes a security group.",
            discussion: "For example `mayfly security-group create web --rule tcp:22 --rule tcp:80-443 --rule icmp`.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions

        @Option(name: .customLong("rule"), parsing: .singleValue, help: SecurityGroupCommand.ruleHelp)
        var rules: [RuleArgument]

        @Option(help: ArgumentHelp("Where.", valueName: "region"), completion: .list(KnownMachines.regions))
        var region = KnownMachines.defaultRegion

        @Option(help: "A note for people.")
        var description: String?

        @Argument(help: ArgumentHelp("Its name.", valueName: "name"))
        var name: String

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud, creates: true)
            let request = CreateSecurityGroupRequest(
                name: name, region: region, rules: rules.map(\.rule), description: description)
            let group = try await cloud.attempt(
                "make security group \"\(name)\"", toFindOut: "`mayfly security-group ls`"
            ) {
                try await cloud.client.createSecurityGroup(request)
            }
            try ResourcePrinter(context, output).changed(group)
            return 0
        }
    }

    struct Update: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Renames or describes a security group, or replaces its rules.",
            discussion: "Rules are replaced as a whole: name all that shall hold from now on.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions

        @Option(help: "The new name.")
        var name: String?

        @Option(help: "A note for people.")
        var description: String?

        @Option(name: .customLong("rule"), parsing: .singleValue, help: SecurityGroupCommand.ruleHelp)
        var rules: [RuleArgument] = []

        @Argument(help: ResourceHelp.reference)
        var group: String

        mutating func validate() throws {
            if name == nil && description == nil && rules.isEmpty {
                throw ValidationError("Say what to change: --name, --description or --rule.")
            }
        }

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud)
            let item = try await ResourceLookup.one(group, in: cloud, as: SecurityGroup.self)
            let update = UpdateSecurityGroupRequest(
                name: name, description: description, rules: rules.isEmpty ? nil : rules.map(\.rule))
            let changed = try await cloud.attempt("update \(item.title)") {
                try await cloud.client.updateSecurityGroup(item.id, update)
            }
            try ResourcePrinter(context, output).changed(changed)
            return 0
        }
    }
}

/// A firewall rule as it is typed: `[ingress:|egress:]protocol[:port[-port]]`.
struct RuleArgument: ExpressibleByArgument, Hashable {
    var rule: SecurityGroup.Rule

    init?(argument: String) {
        var parts = argument.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        var direction = SecurityGroup.Direction.ingress
        if let first = parts.first, ["ingress", "egress"].contains(first) {
            direction = SecurityGroup.Direction(wire: String(first))
            parts.removeFirst()
        }
        guard let word = parts.first, (1...2).contains(parts.count) else { return nil }
        let kind = SecurityGroup.NetworkProtocol(wire: String(word))
        if case .unknown = kind { return nil }
        rule = SecurityGroup.Rule(protocol: kind, direction: direction)
        guard parts.count == 2 else { return }
        let ports = parts[1].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard (1...2).contains(ports.count), let low = ports[0], let high = ports[ports.count - 1], low > 0, low <= high
        else { return nil }
        rule.portRangeMin = Int(low)
        rule.portRangeMax = Int(high)
    }

    /// As it would be typed.
    static func text(_ rule: SecurityGroup.Rule) -> String {
        var text = rule.direction == .ingress ? "" : "\(rule.direction):"
        text += rule.protocol.wire
        guard let low = rule.portRangeMin, let high = rule.portRangeMax else { return text }
        return text + (low == high ? ":\(low)" : ":\(low)-\(high)")
    }
}

struct FloatingIPCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floating-ip", abstract: "Public addresses that outlive instances.",
        subcommands: [
            Create.self, ListResources<FloatingIP>.self, ShowResource<FloatingIP>.self, Update.self,
            DeleteResources<FloatingIP>.self,
        ])

    struct Create: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Reserves an address, which costs until it is deleted.",
            discussion: "It is attached when an instance is created, and only then: `mayfly instance create "
                + "--floating-ip NAME`.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var waiting: WaitOptions

        @Option(help: ArgumentHelp("Where.", valueName: "region"), completion: .list(KnownMachines.regions))
        var region = KnownMachines.defaultRegion

        @Option(help: "A note for people.")
        var description: String?

        @Argument(help: ArgumentHelp("Its name.", valueName: "name"))
        var name: String

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud, creates: true)
            let request = CreateFloatingIPRequest(name: name, region: region, description: description)
            var address = try await cloud.attempt(
                "reserve floating IP \"\(name)\"", toFindOut: "`mayfly floating-ip ls`"
            ) {
                try await cloud.client.createFloatingIP(request)
            }
            if waiting.isAsked {
                let id = address.id
                address = try await cloud.attempt("wait for \(address.title)") {
                    [limit = waiting.limit(.seconds(600))] in
                    try await cloud.client.waitUntilCreated(id, timeout: limit)
                }
            }
            try ResourcePrinter(context, output).changed(address)
            return 0
        }
    }

    struct Update: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Renames or describes a floating IP.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions

        @Option(help: "The new name.")
        var name: String?

        @Option(help: "A note for people.")
        var description: String?

        @Argument(help: ResourceHelp.reference)
        var address: String

        mutating func validate() throws {
            if name == nil && description == nil {
                throw ValidationError("Say what to change: --name or --description.")
            }
        }

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud)
            let item = try await ResourceLookup.one(address, in: cloud, as: FloatingIP.self)
            let update = UpdateFloatingIPRequest(name: name, description: description)
            let changed = try await cloud.attempt("update \(item.title)") {
                try await cloud.client.updateFloatingIP(item.id, update)
            }
            try ResourcePrinter(context, output).changed(changed)
            return 0
        }
    }
}
