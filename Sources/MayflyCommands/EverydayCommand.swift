import ArgumentParser
import Keeper

/// The commands that are typed all day, and the background processes, parsed without building the forty others.
///
/// ArgumentParser makes every command of a tree before it looks at the first word; that is 3 MB and some milliseconds of
/// each `run`.
enum EverydayCommand {
    /// - Returns: `nil` when the first word names none of them: then the whole tree is asked.
    /// - Throws: what parsing with the whole tree throws.
    static func parse(_ arguments: [String]) throws -> (any ParsableCommand)? {
        switch arguments.first {
        case "run": try Only<RunCommand>.parseAsRoot(arguments)
        case "submit": try Only<SubmitCommand>.parseAsRoot(arguments)
        case "attach": try Only<AttachCommand>.parseAsRoot(arguments)
        case "ls": try Only<ListCommand>.parseAsRoot(arguments)
        case "show": try Only<ShowCommand>.parseAsRoot(arguments)
        case "logs": try Only<LogsCommand>.parseAsRoot(arguments)
        case "cancel": try Only<CancelCommand>.parseAsRoot(arguments)
        case "keeper": try Only<KeeperCommand>.parseAsRoot(arguments)
        case "cloud": try Only<CloudCommand>.parseAsRoot(arguments)
        default: nil
        }
    }

    /// `mayfly` with one command.
    private struct Only<Command: ParsableCommand>: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(commandName: "mayfly", version: Build.version, subcommands: [Command.self])
        }
    }
}
