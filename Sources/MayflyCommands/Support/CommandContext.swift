import Glibc
import Keeper
import MayflyCore

/// What a command sees of the process: injected, so that commands can be run by tests.
struct CommandContext: Sendable {
    var environment: [String: String]
    /// Absolute.
    var currentDirectory: String
    var console: Console
    var time: any Timekeeper
    var entropy: any Entropy
    /// What followed `--` on the command line of `run` and `submit`.
    var extraArguments: [String] = []

    /// Of this process.
    static func ofProcess() -> CommandContext {
        var environment: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { environment[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        var directory = "/"
        if let text = getcwd(nil, 0) {
            directory = String(cString: text)
            free(text)
        }
        return CommandContext(
            environment: environment, currentDirectory: directory, console: Console(), time: SystemTimekeeper(),
            entropy: SystemEntropy())
    }

    var errorStyle: Style { Style(isTerminal: console.stderrIsTerminal, environment: environment) }
    var outputStyle: Style { Style(isTerminal: console.stdoutIsTerminal, environment: environment) }

    /// A value that is set and not empty.
    func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A path as the user wrote it, made absolute.
    func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return Paths.normalized(path) }
        if path == "~" || path.hasPrefix("~/"), let home = variable("HOME") {
            return Paths.normalized(home + path.dropFirst(1))
        }
        return Paths.normalized("\(currentDirectory)/\(path)")
    }

    /// The home folder, made (0700) when it is not there.
    /// - Throws: ``CommandError``.
    func home(_ options: GlobalOptions) throws -> MayflyHome {
        let root: String
        if let path = options.home ?? variable("MAYFLY_HOME") {
            root = absolute(path)
        } else if let user = variable("HOME") {
            root = "\(user)/.local/state/mayfly"
        } else {
            throw CommandError(
                code: .usage, message: "neither MAYFLY_HOME nor HOME is set: say where state goes with --home FOLDER")
        }
        try Paths.makeFolder(root)
        return MayflyHome(root: root)
    }

    func openStore(_ home: MayflyHome) async throws -> any JobStore {
        do {
            return try await StoreOpener.open(home: home)
        } catch {
            throw CommandError(
                code: .state,
                message: "the store \(home.store) cannot be opened: \(error); if it is of a newer "
                    + "Mayfly use that one, or name another home with --home FOLDER")
        }
    }
}
