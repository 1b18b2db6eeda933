import ArgumentParser
import GenesisCloud
import JobSpec
import MayflyCore

extension InstanceCommand {
    struct Create: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Creates an instance, which costs until it is destroyed.",
            discussion: """
                It is asked for once. When the answer is lost it is not asked for again: the error says how to see whether \
                it exists. --wait returns when it is active and has an address; SSH may still take a moment. A password \
                is read from stdin, or asked for without showing it, and never taken as an argument.
                """)

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var waiting: WaitOptions
        @OptionGroup var machine: InstanceMachineOptions
        @OptionGroup var login: InstanceLoginOptions
        @OptionGroup var attached: InstanceAttachedOptions
        @OptionGroup var firstBoot: FirstBootOptions
        @OptionGroup var billing: InstanceBillingOptions

        @Argument(help: ArgumentHelp("The instance's name.", valueName: "name"))
        var name: String

        mutating func validate() throws {
            if login.password, firstBoot.readsStdin {
                throw ValidationError("Both the password and a file cannot come from stdin.")
            }
        }

        mutating func run(in context: CommandContext) async throws -> Int32 {
            // All that can be wrong here is found before anything is asked of a cloud.
            let metadata = try firstBoot.metadata(in: context)
            let password = login.password ? try Self.readPassword(in: context) : nil
            let cloud = try await context.connect(cloud, type: machine.type, creates: true)
            let request = try await request(cloud, password, metadata)
            var instance = try await cloud.attempt(
                "create instance \"\(name)\"",
                toFindOut: "`mayfly instance ls`; its hostname is \(request.hostname)"
            ) {
                try await cloud.client.createInstance(request)
            }
            if waiting.isAsked {
                let id = instance.id
                cloud.tell("\(instance.title) is \(instance.status); waiting until it is active and has an address")
                instance = try await cloud.attempt(
                    "wait for instance \"\(name)\" (\(id))", next: "look at it with `mayfly instance show \(id)`"
                ) { [limit = waiting.limit(.seconds(1800))] in
                    try await cloud.client.waitUntilReachable(id, timeout: limit)
                }
            }
            try ResourcePrinter(context, output).changed(instance)
            if !output.json, !output.quiet, let login = instance.login { cloud.tell("next: \(login)") }
            return 0
        }

        private func request(
            _ cloud: CloudConnection, _ password: Password?, _ metadata: CreateInstanceRequest.Metadata?
        ) async throws -> CreateInstanceRequest {
            let keys = try await ResourceLookup.ids(login.sshKeys, in: cloud, as: SSHKey.self)
            var request = CreateInstanceRequest(
                name: name, hostname: machine.hostname ?? Self.hostname(for: name), type: machine.type,
                region: machine.region, image: try await ImageReference.resolve(machine.image, in: cloud),
                login: password.map { .password($0) } ?? .sshKeys(keys), metadata: metadata)
            request.placementOption = machine.placement
            request.diskSizeGiB = machine.diskSize
            request.isProtected = machine.protected ? true : nil
            request.publicIPType = machine.publicIPType.map { Instance.PublicIPType(wire: $0) }
            request.publicIPv6 = machine.publicIPv6 ? true : nil
            request.destroyOnShutdown = machine.destroyOnShutdown ? true : nil
            if !attached.volumes.isEmpty {
                request.volumes = try await ResourceLookup.ids(attached.volumes, in: cloud, as: Volume.self)
            }
            if attached.noSecurityGroups {
                request.securityGroups = []
            } else if !attached.securityGroups.isEmpty {
                request.securityGroups = try await ResourceLookup.ids(
                    attached.securityGroups, in: cloud, as: SecurityGroup.self)
            }
            if let floatingIP = attached.floatingIP {
                request.floatingIP = try await ResourceLookup.ids([floatingIP], in: cloud, as: FloatingIP.self).first
            }
            request.billingType = billing.type.map { BillingType(wire: $0) }
            request.reservationID = billing.reservation.map { Reservation.ID($0) }
            request.reuseLongTermSubscription = billing.reuseSubscription ? true : nil
            return request
        }

        /// The name as a host name can be: letters, digits and dashes. Nothing is published about what the API takes.
        static func hostname(for name: String) -> String {
            let label = name.lowercased().map { character in
                character.isASCII && (character.isLetter || character.isNumber) ? String(character) : "-"
            }
            let trimmed = label.joined().split(separator: "-").joined(separator: "-").prefix(63)
            let host = trimmed.last == "-" ? trimmed.dropLast() : trimmed
            return host.isEmpty ? "instance" : String(host)
        }

        private static func readPassword(in context: CommandContext) throws -> Password {
            if context.console.stdinIsTerminal {
                guard let line = KeyPrompt.readHiddenLine(prompt: "password for ubuntu: ") else {
                    throw CommandError(code: .usage, message: "no terminal to ask on; pipe the password in")
                }
                return Password(line)
            }
            // One line; what follows it is nobody's password.
            let bytes = try Paths.read("-", limit: 8192).prefix { $0 != 0x0A && $0 != 0x0D }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CommandError(code: .usage, message: "--password-stdin: what came is no text in UTF-8")
            }
            return Password(text)
        }
    }
}

/// What `--image` means: an image's id, slug or `slug:version`, a snapshot's id, or the name of either.
enum ImageReference {
    /// What is found nowhere is passed on: the API may know more than it lists.
    /// - Throws: ``CommandError`` for a name of several, ``CloudFailure``.
    static func resolve(_ text: String, in cloud: CloudConnection) async throws -> String {
        guard !ResourceLookup.looksLikeID(text) else { return text }
        let images = try await cloud.attempt("look for image \(text)") { try await cloud.client.listImages() }
        if images.contains(where: { $0.isAlsoCalled(text) || $0.id.rawValue == text }) { return text }
        if images.contains(where: { $0.name == text }) {
            return try ResourceLookup.pick(text, among: images).id.rawValue
        }
        let snapshots = try await cloud.attempt("look for snapshot \(text)") { try await cloud.client.listSnapshots() }
        guard snapshots.contains(where: { $0.name == text }) else { return text }
        return try ResourceLookup.pick(text, among: snapshots).id.rawValue
    }
}
