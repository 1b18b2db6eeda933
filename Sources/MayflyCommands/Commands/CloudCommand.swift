import ArgumentParser
import Keeper
import MayflyCore

struct CloudCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloud", abstract: "The local cloud: the same API, with instances on this machine.",
        subcommands: [Serve.self, Status.self, Stop.self, Process.self])

    struct Serve: MayflyCommand {
        static let configuration = CommandConfiguration(abstract: "Serves the local cloud in the foreground.")

        @OptionGroup var global: GlobalOptions

        @Option(help: "automatic, isolated, process or simulated.")
        var backend = "automatic"

        @Option(help: ArgumentHelp("Ends itself after this long without instances.", valueName: "duration"))
        var idle: DurationArgument?

        mutating func run(in context: CommandContext) async throws -> Int32 {
            // In the foreground somebody watches: a day is as good as for ever.
            let idle = idle?.duration ?? .seconds(86_400)
            try await KeeperMain.runLocalCloud(home: try context.home(global), backend: backend, idle: idle)
            return 0
        }
    }

    struct Status: MayflyCommand {
        static let configuration = CommandConfiguration(abstract: "Says whether a local cloud runs, and its instances.")

        @OptionGroup var global: GlobalOptions

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let text = try await Processes.localCloudStatus(home: try context.home(global))
            try context.console.out(line: text)
            return 0
        }
    }

    struct Stop: MayflyCommand {
        static let configuration = CommandConfiguration(abstract: "Stops the local cloud.")

        @OptionGroup var global: GlobalOptions

        @Flag(help: "Also while instances live: they are destroyed.")
        var force = false

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let text = try await Processes.stopLocalCloud(home: try context.home(global), force: force)
            context.console.error(line: text)
            return 0
        }
    }

    /// What the background process itself runs.
    struct Process: MayflyCommand {
        static let configuration = CommandConfiguration(shouldDisplay: false)

        @OptionGroup var global: GlobalOptions

        mutating func run(in context: CommandContext) async throws -> Int32 {
            try await KeeperMain.runLocalCloud(home: try context.home(global), backend: "automatic", idle: nil)
            return 0
        }
    }
}
