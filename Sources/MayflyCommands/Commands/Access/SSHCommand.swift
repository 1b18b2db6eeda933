import ArgumentParser
import GenesisCloud
import Keeper
import MayflyCore
import OnInstance

struct SSHCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh", abstract: "A shell on a job's instance, or a command there, through the system's ssh.",
        usage: "mayfly ssh [-t] <job-or-instance> [-- <command> ...]",
        discussion: """
            A job's instance is reached with the job's own key, and only if it shows the job's own host key. An instance \
            made by hand is reached with your keys and your known_hosts.
            One word after -- is read by the shell there, several are the exact arguments of a program. The exit code \
            is the command's, 255 when ssh itself failed. What you do on the instance neither stops nor ends the job.
            """)

    @OptionGroup var cloud: CloudOptions

    @Flag(name: .shortAndLong, help: "Ask for a terminal also for a command.")
    var terminal = false

    @Option(name: .shortAndLong, help: "Log in as this user (default: the job's, else ubuntu).")
    var user: String?

    @Argument(help: ArgumentHelp("A job's number or name, last; or an instance's name or id.", valueName: "target"))
    var target: String

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(cloud.global)
        var words = ["ssh"]
        if terminal { words.append("-t") }
        if let job = try await job(in: context, home) {
            let options = try await JobAccess.clientOptions(of: job, home)
            for (name, value) in options where !(name == "User" && user != nil) {
                words += ["-o", SSHConfigText.option(name, value)]
            }
            if let user { words += ["-l", user] }
            words.append("mayfly-\(job.id)")
        } else {
            words += try await addressOfInstance(context)
        }
        switch context.extraArguments.count {
        case 0: break
        case 1: words += ["--", context.extraArguments[0]]
        default: words += ["--", ShellText.words(context.extraArguments)]
        }
        try ProgramReplacement.exec(words, package: "openssh-client")
    }

    /// The job meant, also by its instance's name or id; `nil` when nothing here is called so.
    private func job(in context: CommandContext, _ home: MayflyHome) async throws -> JobRecord? {
        guard Paths.exists(home.store) else { return nil }
        let store = try await context.openStore(home)
        let unfinished = try await store.jobs(.unfinished)
        let byInstance = unfinished.first {
            guard let instance = $0.attempt?.instance else { return false }
            return [instance.id.rawValue, instance.name, $0.attempt?.identity.description].contains(target)
        }
        if let byInstance { return byInstance }
        guard let reference = JobReference(argument: target) else { return nil }
        do {
            return try await JobAccess.one(reference, in: context, home)
        } catch let error as CommandError where error.code == .noSuchJob {
            // A number or "last" is never an instance.
            guard case .name = reference else { throw error }
            return nil
        }
    }

    private func addressOfInstance(_ context: CommandContext) async throws -> [String] {
        let connection = try await context.connect(cloud)
        let instance = try await ResourceLookup.one(target, in: connection, as: Instance.self)
        guard let address = instance.publicIP else {
            throw CommandError(
                code: .usage,
                message: "instance \(instance.name) has no public address (status \(instance.status)); "
                    + "`mayfly instance show \(instance.name)`")
        }
        var words = ["-l", user ?? "ubuntu"]
        if let port = instance.sshPort { words += ["-p", "\(port)"] }
        return words + [address]
    }
}
