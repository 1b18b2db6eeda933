import ArgumentParser

/// A command of `mayfly`. ArgumentParser builds commands itself, so what they work with comes in when they run.
protocol MayflyCommand: ParsableCommand {
    /// - Returns: the exit code.
    mutating func run(in context: CommandContext) async throws -> Int32
}

/// Options of every command that touches state.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The state folder (default: MAYFLY_HOME, else ~/.local/state/mayfly).", valueName: "folder"))
    var home: String?
}
