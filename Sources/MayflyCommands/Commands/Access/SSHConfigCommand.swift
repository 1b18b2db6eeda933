import ArgumentParser
import Keeper
import MayflyCore

struct SSHConfigCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-config", abstract: "Prints an ssh_config entry per running job, for editors, rsync and scp.",
        discussion: """
            Each is named mayfly-<number> and mayfly-<name>. With --write they go to ssh_config in the state folder: \
            put the Include line it prints into ~/.ssh/config once, and write again when jobs have changed.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Write them to a file of the state folder instead of printing them.")
    var write = false

    @Argument(help: JobReference.help)
    var jobs: [JobReference] = [.all]

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let records = try await JobReference.resolve(jobs, in: try await context.openStore(home))
        var text = ""
        var named: Set<String> = []
        // The newest job of a name has it.
        for job in records.reversed() {
            do {
                let options = try await JobAccess.clientOptions(of: job, home)
                var names = ["mayfly-\(job.id)"]
                // A name of digits alone could be another job's number.
                let name = job.definition.name
                if name.contains(where: { !$0.isNumber }), named.insert(name).inserted {
                    names.append("mayfly-\(name)")
                }
                text += SSHConfigText.entry(names, options)
            } catch {
                // Its keys may have gone with it a moment ago.
                context.console.error(line: "mayfly: left out: \(error)")
            }
        }
        if write {
            let path = "\(home.root)/ssh_config"
            try Paths.write(Array(text.utf8), toPrivateFile: path)
            context.console.error(line: "mayfly: wrote \(path); once, at the top of ~/.ssh/config:")
            try context.console.out(line: "Include \(SSHConfigText.quoted(path))")
        } else {
            if text.isEmpty { context.console.error(line: "mayfly: no job has an instance that can be reached now") }
            try context.console.out(Array(text.utf8))
        }
        return 0
    }
}

/// ssh_config(5), as far as it is written here.
enum SSHConfigText {
    static func entry(_ names: [String], _ options: [(name: String, value: String)]) -> String {
        "Host \(names.joined(separator: " "))\n"
            + options.map { "    \($0.name) \(value(of: $0))\n" }.joined() + "\n"
    }

    /// For `ssh -o`.
    static func option(_ name: String, _ value: String) -> String {
        "\(name)=\(self.value(of: (name, value)))"
    }

    /// A command is the rest of its line, as it stands.
    private static func value(of option: (name: String, value: String)) -> String {
        option.name == "ProxyCommand" ? option.value : quoted(option.value)
    }

    /// Arguments with spaces are quoted; `%` begins a token in file names.
    static func quoted(_ value: String) -> String {
        let escaped = value.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
        return escaped.contains(" ") ? "\"\(escaped)\"" : escaped
    }
}
