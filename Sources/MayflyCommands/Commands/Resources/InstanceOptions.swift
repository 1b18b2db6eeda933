import ArgumentParser
import GenesisCloud
import JobSpec

/// The machine of `instance create`.
struct InstanceMachineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The instance type; `mayfly types` lists them.", valueName: "type"),
        completion: .list(KnownMachines.types))
    var type: String

    @Option(
        help: ArgumentHelp(
            "An image's id, slug, slug:version or name, or a snapshot's id or name.", valueName: "image"))
    var image = KnownMachines.defaultImage

    @Option(
        help: ArgumentHelp("Where.", valueName: "region"),
        completion: .list(KnownMachines.regions))
    var region = KnownMachines.defaultRegion

    @Option(help: ArgumentHelp("The host name (default: made of the name).", valueName: "name"))
    var hostname: String?

    @Option(
        name: .customLong("disk-size"),
        help: ArgumentHelp("The boot disk; at least 80, the API's default.", valueName: "GiB"))
    var diskSize: Int?

    @Flag(help: "Refuse to be destroyed until `instance update --no-protected`.")
    var protected = false

    @Option(help: ArgumentHelp("The placement option (the API's default: AUTO).", valueName: "option"))
    var placement: String?

    @Option(
        name: .customLong("public-ip-type"),
        help: ArgumentHelp("Legacy projects only; others use --floating-ip.", valueName: "static|dynamic"))
    var publicIPType: String?

    @Flag(name: .customLong("public-ipv6"), help: "Also a public IPv6 address.")
    var publicIPv6 = false

    @Flag(name: .customLong("destroy-on-shutdown"), help: "A shutdown from within destroys it.")
    var destroyOnShutdown = false
}

/// How to log in: exactly one way.
struct InstanceLoginOptions: ParsableArguments {
    @Option(
        name: .customLong("ssh-key"), parsing: .singleValue,
        help: ArgumentHelp("A registered key (`mayfly ssh-key`); may be repeated.", valueName: "name-or-id"))
    var sshKeys: [String] = []

    @Flag(name: .customLong("password-stdin"), help: "Read a password for user ubuntu from stdin instead of a key.")
    var password = false

    mutating func validate() throws {
        if password != sshKeys.isEmpty {
            throw ValidationError(
                password
                    ? "The API takes either SSH keys or a password: drop --ssh-key or --password-stdin."
                    : "How will you log in? Name a key with --ssh-key (`mayfly ssh-key ls` lists them, "
                        + "`mayfly ssh-key create` adds one), or say --password-stdin.")
        }
    }
}

/// What `instance create` attaches.
struct InstanceAttachedOptions: ParsableArguments {
    @Option(
        name: .customLong("volume"), parsing: .singleValue,
        help: ArgumentHelp("A free volume of the same region; may be repeated.", valueName: "name-or-id"))
    var volumes: [String] = []

    @Option(
        name: .customLong("security-group"), parsing: .singleValue,
        help: ArgumentHelp(
            "A security group, in place of the standard one; may be repeated.", valueName: "name-or-id"))
    var securityGroups: [String] = []

    @Flag(name: .customLong("no-security-groups"), help: "No security group, not even the standard one.")
    var noSecurityGroups = false

    @Option(
        name: .customLong("floating-ip"),
        help: ArgumentHelp("Can be attached only now.", valueName: "name-or-id"))
    var floatingIP: String?

    mutating func validate() throws {
        if noSecurityGroups && !securityGroups.isEmpty {
            throw ValidationError("Say one of --security-group and --no-security-groups.")
        }
    }
}

/// How `instance create` is billed, where the account has a choice.
struct InstanceBillingOptions: ParsableArguments {
    @Option(
        name: .customLong("billing-type"),
        help: ArgumentHelp(
            "\(BillingType.words.map(\.word).joined(separator: ", ")).", valueName: "type"),
        completion: .list(BillingType.words.map(\.word)))
    var type: String?

    @Option(help: ArgumentHelp("Goes with --billing-type reserved.", valueName: "id"))
    var reservation: String?

    @Flag(name: .customLong("reuse-long-term-subscription"), help: "Use a subscription that is already paid.")
    var reuseSubscription = false
}

/// What an instance reads at its first boot.
struct FirstBootOptions: ParsableArguments {
    @Option(
        name: .customLong("startup-script"),
        help: ArgumentHelp("A script or #cloud-config of at most 64 KiB; - reads stdin.", valueName: "file"))
    var startupScript: String?

    @Option(
        name: .customLong("user-data"), parsing: .singleValue,
        help: ArgumentHelp(
            "A part of user data, for example text/cloud-config:setup.yaml; may be repeated.",
            valueName: "type:file"))
    var userData: [UserDataArgument] = []

    var readsStdin: Bool { startupScript == "-" || userData.contains { $0.file == "-" } }

    mutating func validate() throws {
        if startupScript != nil && !userData.isEmpty {
            throw ValidationError("The API takes either --startup-script or --user-data, not both.")
        }
        if userData.count(where: { $0.file == "-" }) > 1 {
            throw ValidationError("Only one part of user data can come from stdin.")
        }
    }

    /// - Throws: ``CommandError`` that names the file.
    func metadata(in context: CommandContext) throws -> CreateInstanceRequest.Metadata? {
        if let startupScript { return .startupScript(try text(startupScript, "--startup-script", context)) }
        if userData.isEmpty { return nil }
        return .userData(
            try userData.map { part in
                CreateInstanceRequest.UserDataPart(
                    type: part.type,
                    filename: part.file == "-" ? nil : part.file.split(separator: "/").last.map(String.init),
                    content: try text(part.file, "--user-data", context))
            })
    }

    private func text(_ file: String, _ option: String, _ context: CommandContext) throws -> String {
        let bytes = try Paths.read(file == "-" ? file : context.absolute(file), limit: 1 << 20)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError(
                code: .usage, message: "\(option): \(file) is no text in UTF-8, and the API takes nothing else")
        }
        return text
    }
}

/// `TYPE:FILE`
struct UserDataArgument: ExpressibleByArgument, Hashable {
    var type: String
    var file: String

    init?(argument: String) {
        guard let mark = argument.firstIndex(of: ":") else { return nil }
        type = String(argument[..<mark])
        file = String(argument[argument.index(after: mark)...])
        guard type.contains("/"), !file.isEmpty else { return nil }
    }
}
