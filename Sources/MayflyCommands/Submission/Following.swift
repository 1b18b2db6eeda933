import Glibc
import Keeper
import MayflyCore

/// Follows stored jobs as `run` and `attach` do.
struct Following {
    var context: CommandContext
    var options: FollowOptions
    var onlyNewOutput = false
    /// As `attach` does.
    var onlyWatches = false

    /// Catches signals from now on; made before jobs are stored, so that none is missed.
    func interrupts() -> Interrupts {
        let interrupts = Interrupts {
            KeyPrompt.restore()
            let text = "\nmayfly: leaving; the keeper goes on (`mayfly ls`, `mayfly attach last`)\n"
            _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            _exit(ExitCode.detached)
        }
        interrupts.install()
        return interrupts
    }

    /// - Parameter secrets: values that are not to be shown.
    /// - Returns: the exit code of all jobs together.
    func follow(
        _ jobs: [JobRecord], store: any JobStore, link: any KeeperLink, masking secrets: [String],
        interrupts: Interrupts
    ) async throws -> Int32 {
        let console = context.console
        let view: any FollowView
        if options.json {
            view = JSONView(console: console)
        } else {
            view = PeopleView(
                console: console, style: context.errorStyle,
                surroundings: OutputChannel.Surroundings(
                    stdoutIsTerminal: console.stdoutIsTerminal, stderrIsTerminal: console.stderrIsTerminal,
                    isCI: context.variable("CI") != nil, secrets: secrets),
                jobs: jobs)
        }
        for job in jobs { try view.submitted(job) }
        let follower = Follower(
            store: store, link: link, view: view, time: context.time, interrupts: interrupts,
            options: Follower.Options(
                destroyWait: options.destroyWait.duration, onlyNewOutput: onlyNewOutput, onlyWatches: onlyWatches,
                canAsk: !options.json && console.stderrIsTerminal && console.stdinIsTerminal))
        defer {
            // A question may still be open.
            KeyPrompt.restore()
            view.close()
            interrupts.stop()
        }
        return try await follower.run(jobs.map(\.id))
    }
}
