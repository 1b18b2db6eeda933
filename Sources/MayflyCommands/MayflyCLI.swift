import ArgumentParser
import Keeper
import MayflyCore

/// The whole command line as a function: what `main` calls.
public enum MayflyCLI {
    /// Parses and runs one command.
    /// - Parameter arguments: without the program's own name.
    /// - Returns: the exit code of the process (`mayfly --help` lists them).
    public static func run(_ arguments: [String]) async -> Int32 {
        let console = Console()
        // The commonest question of scripts: answered before anything is set up.
        if arguments == ["--version"] {
            return say(Build.version, on: console)
        }
        do {
            // Also before the command, where one looks for an option of everything.
            let isTracing = arguments.first == "--trace-api"
            let (arguments, extra) = splitExtra(isTracing ? Array(arguments.dropFirst()) : arguments)
            let command = try EverydayCommand.parse(arguments) ?? MayflyRoot.parseAsRoot(arguments)
            guard var command = command as? any MayflyCommand else {
                var group = command
                try group.run()
                return 0
            }
            var context = CommandContext.ofProcess()
            context.extraArguments = extra
            if isTracing { context.environment["MAYFLY_TRACE_API"] = "1" }
            return try await command.run(in: context)
        } catch {
            return report(error, on: console)
        }
    }

    /// Takes what follows `--` off: it belongs to the job's command, exactly, and ArgumentParser allows nothing after
    /// a list of specs.
    static func splitExtra(_ arguments: [String]) -> (own: [String], extra: [String]) {
        guard ["run", "submit", "ssh"].contains(arguments.first), let mark = arguments.firstIndex(of: "--") else {
            return (arguments, [])
        }
        return (Array(arguments[..<mark]), Array(arguments[(mark + 1)...]))
    }

    private static func report(_ error: any Error, on console: Console) -> Int32 {
        switch error {
        case let error as CommandError:
            if !error.message.isEmpty { console.error(line: "mayfly: \(error.message)") }
            return error.exitCode
        case let error as CloudFailure:
            console.error(line: "mayfly: \(error)")
            return error.exitCode
        case is OutputClosed:
            // As a program that SIGPIPE ended would report it.
            return 141
        case let error as JobStoreError:
            console.error(line: "mayfly: the store: \(error.message)")
            return ExitCode.internalError
        default:
            break
        }
        let code = MayflyRoot.exitCode(for: error).rawValue
        // Only the parser's own errors have other codes than 1: help and version (0), usage (64).
        if code == 0 { return say(MayflyRoot.fullMessage(for: error), on: console) }
        if code == MayflyCore.ExitCode.badSpec {
            console.error(line: MayflyRoot.fullMessage(for: error))
            return code
        }
        console.error(line: "mayfly: \(error)")
        return MayflyCore.ExitCode.internalError
    }

    private static func say(_ text: String, on console: Console) -> Int32 {
        do {
            try console.out(line: text)
            return 0
        } catch {
            return 141
        }
    }
}
