import ArgumentParser
import Glibc
import Keeper
import MayflyCore

struct LoginCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Stores an API token in a 0600 file.",
        discussion: "Reads the token from stdin (`mayfly login < file`), or asks for it without showing it.")

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("The API's address (default: GENESISCLOUD_ENDPOINT).", valueName: "url"))
    var endpoint: String?

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let endpoint = try endpoint.map { try Endpoint.normalized($0, from: "--endpoint") } ?? context.endpoint()
        let token = try CommandContext.validToken(try read(context, endpoint), from: "login")
        var credentials = try Credentials.read(home)
        credentials.tokens[endpoint] = token
        try credentials.write(home)
        context.console.error(line: "stored the token for \(endpoint) in \(home.credentials)")
        // Jobs that wait for this token go on at once.
        if let client = await Processes.keeperIfRunning(home: home) {
            try? await client.provide(tokens: [TokenGrant(endpoint: endpoint, token: token)], secrets: [])
            await client.close()
        }
        return 0
    }

    private func read(_ context: CommandContext, _ endpoint: String) throws -> String {
        if context.console.stdinIsTerminal {
            guard let line = KeyPrompt.readHiddenLine(prompt: "token for \(endpoint): ") else {
                throw CommandError(code: .usage, message: "no terminal to ask on; pipe the token into `mayfly login`")
            }
            return line
        }
        return String(decoding: try Paths.read("-", limit: 8192), as: UTF8.self)
    }
}

struct LogoutCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Forgets the stored token of an endpoint.")

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("The API's address (default: GENESISCLOUD_ENDPOINT).", valueName: "url"))
    var endpoint: String?

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let endpoint = try endpoint.map { try Endpoint.normalized($0, from: "--endpoint") } ?? context.endpoint()
        var credentials = try Credentials.read(home)
        guard credentials.tokens.removeValue(forKey: endpoint) != nil else {
            context.console.error(line: "no token is stored for \(endpoint)")
            return 0
        }
        try credentials.write(home)
        context.console.error(
            line: "forgot the token for \(endpoint); a keeper that runs keeps its copy until `mayfly keeper stop`")
        return 0
    }
}
