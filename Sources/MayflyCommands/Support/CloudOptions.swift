import ArgumentParser
import MayflyCore

/// Options of every command that asks a cloud's API itself.
struct CloudOptions: ParsableArguments {
    @OptionGroup var global: GlobalOptions

    @Option(help: "On which cloud: local or genesis (default: MAYFLY_CLOUD, else by token).")
    var cloud: CloudReference.Kind?

    @Flag(
        name: .customLong("trace-api"),
        help: "Tell every request on stderr, without token and bodies; also MAYFLY_TRACE_API=1.")
    var traceAPI = false
}

/// What is printed on stdout.
struct OutputOptions: ParsableArguments {
    @Flag(help: "One JSON document with the API's own field names.")
    var json = false

    @Flag(name: .shortAndLong, help: "Only ids, one per line.")
    var quiet = false

    mutating func validate() throws {
        if json && quiet { throw ValidationError("Name one of --json and --quiet.") }
    }
}

/// Whether a command returns when the cloud has accepted, or when it is done.
struct WaitOptions: ParsableArguments {
    @Flag(help: "Return when it is done, not when it is accepted.")
    var wait = false

    @Option(help: ArgumentHelp("How long to wait at most; implies --wait.", valueName: "duration"))
    var timeout: DurationArgument?

    var isAsked: Bool { wait || timeout != nil }
    func limit(_ standard: Duration) -> Duration { timeout?.duration ?? standard }
}

/// For what cannot be undone.
struct ConfirmOptions: ParsableArguments {
    @Flag(
        name: .shortAndLong,
        help: "Do not ask. Needed where nobody is at a terminal to answer.")
    var yes = false
}

extension CommandContext {
    /// Asks before something that cannot be undone. Without a terminal nobody can answer, and a script that did not say
    /// -y may not have meant it.
    /// - Throws: ``CommandError``: `declined`, or `usage` without a terminal.
    func confirm(_ question: String, _ options: ConfirmOptions) throws {
        guard !options.yes else { return }
        let line = ControlSequences.line(question)
        guard console.stdinIsTerminal, console.stderrIsTerminal else {
            throw CommandError(
                code: .usage,
                message: "\(line). Nobody is at a terminal to be asked, so nothing was done; say -y to mean it")
        }
        console.error(Array("\(line). Go on? [y/N] ".utf8))
        guard let answer = readLine()?.lowercased(), ["y", "yes"].contains(answer) else {
            throw CommandError(code: .declined, message: "nothing was done")
        }
    }
}
