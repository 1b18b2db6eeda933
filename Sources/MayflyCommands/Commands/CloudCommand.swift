import ArgumentParser
import Keeper
import MayflyCore

struct CloudCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloud", abstract: "The local cloud: the same API, with instances on this machine.",
        subcommands: [Serve.self, Status.self, Stop.self, Process.self])

    struct Serve: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "serve", abstract: "Serves the local cloud in the foreground.")

        @OptionGroup var global: GlobalOptions

        @Option(help: "automatic, isolated, process or simulated.")
        var backend = "automatic"

        @Option(help: ArgumentHelp("Where to listen; by default any port of 127.0.0.1.", valueName: "address:port"))
        var listen: String?

        @Flag(help: "Really let other computers in, when --listen names an address they reach.")
        var allowRemote = false

        @Option(help: ArgumentHelp("A 0600 file with the token; MAYFLY_CLOUD_TOKEN does as well.", valueName: "file"))
        var tokenFile: String?

        @Option(help: ArgumentHelp("Where its instances and state are kept.", valueName: "folder"))
        var state: String?

        @Option(help: ArgumentHelp("A fault script in YAML: what is to go wrong, and when.", valueName: "file"))
        var faults: String?

        @Option(help: ArgumentHelp("Ends itself after this long without instances.", valueName: "duration"))
        var idle: DurationArgument?

        mutating func run(in context: CommandContext) async throws -> Int32 {
            var settings = LocalCloudSettings()
            settings.backend = backend
            settings.listen = listen
            settings.allowsRemote = allowRemote
            settings.token = context.variable("MAYFLY_CLOUD_TOKEN")
            settings.tokenFile = tokenFile.map(context.absolute)
            settings.state = state.map(context.absolute)
            settings.faults = faults.map(context.absolute)
            // In the foreground somebody watches: a day is as good as for ever.
            settings.idle = idle?.duration ?? .seconds(86_400)
            let console = context.console
            try await KeeperMain.serveLocalCloud(home: try context.home(global), settings: settings) { line in
                console.error(line: line)
            }
            return 0
        }
    }

    struct Status: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Says whether a local cloud runs, and its instances.")

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("The state folder it was served with, if not the home's.", valueName: "folder"))
        var state: String?

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let text = try await Processes.localCloudStatus(
                home: try context.home(global), state: state.map(context.absolute))
            try context.console.out(line: text)
            return 0
        }
    }

    struct Stop: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "stop", abstract: "Stops the local cloud.")

        @OptionGroup var global: GlobalOptions

        @Flag(help: "Also while instances live: they are destroyed.")
        var force = false

        @Option(help: ArgumentHelp("The state folder it was served with, if not the home's.", valueName: "folder"))
        var state: String?

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let text = try await Processes.stopLocalCloud(
                home: try context.home(global), state: state.map(context.absolute), force: force)
            context.console.error(line: text)
            return 0
        }
    }

    /// What the background process itself runs.
    struct Process: MayflyCommand {
        static let configuration = CommandConfiguration(commandName: "process", shouldDisplay: false)

        @OptionGroup var global: GlobalOptions

        mutating func run(in context: CommandContext) async throws -> Int32 {
            try await KeeperMain.runLocalCloud(home: try context.home(global))
            return 0
        }
    }
}
