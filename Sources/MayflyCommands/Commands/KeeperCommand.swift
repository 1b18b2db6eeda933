import ArgumentParser
import Keeper
import MayflyCore

struct KeeperCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keeper", abstract: "The background process that owns the queue.",
        subcommands: [Status.self, Stop.self, Process.self])

    struct Status: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Says whether a keeper runs and what it does.")

        @OptionGroup var global: GlobalOptions

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let home = try context.home(global)
            guard let client = await Processes.keeperIfRunning(home: home) else {
                try context.console.out(line: "no keeper is running for \(home.root); run, submit and attach start one")
                return 0
            }
            let reply = try await client.request(.status)
            await client.close()
            guard case .status(let status) = reply else {
                throw CommandError(
                    code: .background,
                    message: "the keeper gave no status; is it of another build? `mayfly keeper stop`")
            }
            for line in Self.lines(status, now: context.time.now().wall) { try context.console.out(line: line) }
            return 0
        }

        static func lines(_ status: KeeperStatus, now: WallTime) -> [String] {
            func list(_ jobs: [JobID]) -> String {
                jobs.isEmpty ? "none" : jobs.map(\.description).joined(separator: ", ")
            }
            return [
                "keeper of \(status.home): process \(status.pid), build \(status.build), up "
                    + TimeText.duration(status.startedAt.duration(to: now)),
                "  running  \(list(status.runningJobs))", "  waiting  \(list(status.waitingJobs))",
            ]
        }
    }

    struct Stop: MayflyCommand {
        static let configuration = CommandConfiguration(
            commandName: "stop",
            abstract: "Ends the keeper without touching any job; the next one re-attaches.")

        @OptionGroup var global: GlobalOptions

        mutating func run(in context: CommandContext) async throws -> Int32 {
            let home = try context.home(global)
            guard let client = await Processes.keeperIfRunning(home: home) else {
                context.console.error(line: "no keeper is running")
                return 0
            }
            let reply = try? await client.request(.standDown)
            await client.close()
            if case .refused(let why)? = reply {
                throw CommandError(code: .background, message: "the keeper refused: \(ControlSequences.line(why))")
            }
            context.console.error(line: "the keeper stands down; unfinished jobs go on with the next one")
            return 0
        }
    }

    /// What the background process itself runs.
    struct Process: MayflyCommand {
        static let configuration = CommandConfiguration(commandName: "process", shouldDisplay: false)

        @OptionGroup var global: GlobalOptions

        mutating func run(in context: CommandContext) async throws -> Int32 {
            try await KeeperMain.run(home: try context.home(global), foreground: false)
            return 0
        }
    }
}

struct ServeCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Is the keeper, in the foreground, until Ctrl-C. Touches no job when it ends.")

    @OptionGroup var global: GlobalOptions

    mutating func run(in context: CommandContext) async throws -> Int32 {
        try await KeeperMain.run(home: try context.home(global), foreground: true)
        return 0
    }
}
