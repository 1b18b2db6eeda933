import ArgumentParser
import MayflyCore

struct RunCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs jobs and follows them to their end.",
        discussion: """
            Prints a plan, freezes each spec and its workdir, and follows: the job's stdout and stderr go to stdout and \
            stderr, progress to stderr. Ctrl-C cancels (and asks first while the command runs); closing the terminal \
            touches no job. What follows -- is appended to the command exactly.
            """)

    @OptionGroup var options: RunOptions
    @OptionGroup var following: FollowOptions

    @Flag(name: .shortAndLong, help: "Do not follow: print the jobs' numbers and leave.")
    var detach = false

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let following = Following(context: context, options: following)
        if detach { return try await SubmitCommand.submit(options, json: following.options.json, in: context) }
        var interrupts: Interrupts?
        let submission = Submission(options: options, context: context, json: following.options.json)
        let submitted = try await submission.submit { interrupts = following.interrupts() }
        return try await following.follow(
            submitted.jobs, store: submitted.store,
            link: SocketKeeperLink(
                home: submitted.home, tokens: submitted.tokens, secrets: submitted.secrets, ready: submitted.client),
            masking: submitted.secrets.flatMap(\.values).map(\.value), interrupts: interrupts ?? following.interrupts())
    }
}
