import ArgumentParser
import GenesisCloud
import MayflyCore

struct SSHKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-key", abstract: "Public keys that new instances let in.",
        subcommands: [
            Create.self, ListResources<SSHKey>.self, ShowResource<SSHKey>.self, Rename.self,
            DeleteResources<SSHKey>.self,
        ])

    struct Create: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Registers a public key.",
            discussion:
                "For example `mayfly ssh-key create laptop ~/.ssh/id_ed25519.pub`. A private key is refused before "
                + "anything is sent.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: ArgumentHelp("The key's name.", valueName: "name"))
        var name: String

        @Argument(
            help: ArgumentHelp("The public key's file (it ends in .pub); - reads stdin.", valueName: "file"),
            completion: .file(extensions: ["pub"]))
        var file: String

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let key = try Self.publicKey(in: file, context)
            let cloud = try await context.connect(cloud, creates: true)
            let created = try await cloud.attempt("register key \"\(name)\"", toFindOut: "`mayfly ssh-key ls`") {
                [name] in
                try await cloud.client.createSSHKey(name: name, publicKey: key)
            }
            try ResourcePrinter(context, output).changed(created)
            return 0
        }

        /// One line; a private key goes nowhere, not even into an error.
        static func publicKey(in file: String, _ context: CommandContext) throws -> String {
            let bytes = try Paths.read(file == "-" ? file : context.absolute(file), limit: 64 * 1024)
            let text = String(decoding: bytes, as: UTF8.self)
            func refuse(_ why: String) -> CommandError {
                CommandError(code: .usage, message: "\(ControlSequences.line(file)) \(why); nothing was sent")
            }
            guard !text.contains("PRIVATE KEY") else {
                throw refuse("holds a private key: give the public one, the file that ends in .pub")
            }
            let lines = text.split(whereSeparator: \.isNewline).filter {
                !$0.hasPrefix("#") && !$0.allSatisfy(\.isWhitespace)
            }
            guard lines.count == 1, let line = lines.first, line.split(separator: " ").count >= 2 else {
                throw refuse(
                    lines.count > 1
                        ? "holds \(lines.count) lines, expected one public key" : "is no public key of OpenSSH")
            }
            return String(line)
        }
    }

    struct Rename: MayflyCommand {
        static let configuration = CommandConfiguration(commandName: "update", abstract: "Renames a key.")

        @OptionGroup var cloud: CloudOptions
        @OptionGroup var output: OutputOptions

        @Option(help: "The new name.")
        var name: String

        @Argument(help: ResourceHelp.reference)
        var key: String

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let cloud = try await context.connect(cloud)
            let item = try await ResourceLookup.one(key, in: cloud, as: SSHKey.self)
            let changed = try await cloud.attempt("rename \(item.title)") { [name] in
                try await cloud.client.renameSSHKey(item.id, to: name)
            }
            try ResourcePrinter(context, output).changed(changed)
            return 0
        }
    }
}

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Images that instances are created from.",
        subcommands: [ListResources<Image>.self, ShowResource<Image>.self])
}
