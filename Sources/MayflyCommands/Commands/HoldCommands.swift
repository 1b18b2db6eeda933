import ArgumentParser
import Keeper
import MayflyCore

struct ExtendCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "extend",
        abstract: "Lets a job's command run longer, or holds its instance longer: mayfly extend 41 +2h.",
        discussion: """
            While the command runs, its limit (timeouts.run) moves; the instance, which enforces it, must grant that. While the \
            instance is held (on_failure or on_collect_failure in the spec), the hold ends so much later. The expiry in the \
            instance's name does not move; what would not fit is refused with the latest time possible. What a command is \
            given is taken from the holds that might follow, and timeouts.total stays.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("A job's number or name, or last.", valueName: "job"))
    var job: JobReference

    @Argument(help: ArgumentHelp("How much longer: +2h, +30m.", valueName: "+duration"))
    var time: ExtraTime

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let store = try await context.openStore(home)
        let record = try await JobAccess.one(job, in: context, home)
        if let longer = RunExtension(of: record, by: time.duration) {
            return try await longer.ask(in: store, home, context)
        }
        let (attempt, hold) = try HeldJob.held(record)
        let end = hold.endsAt.advanced(by: time.duration)
        let latest = record.definition.latestHoldEnd(expiry: attempt.expiry)
        guard end <= latest else {
            throw CommandError(
                code: .usage,
                message: "\(record.title) is held until \(TimeText.iso8601(hold.endsAt)) and can be held until "
                    + "\(TimeText.iso8601(latest)) at the latest: its instance's expiry was fixed before it was created, and "
                    + "ending it takes time too")
        }
        let wish = HoldWish.extend(to: end)
        let after = try await HeldJob.ask(wish, of: record, attempt.number, in: store, home, context) {
            $0.hold?.endsAt == end || !$0.isHeld
        }
        guard after.isHeld else {
            throw CommandError(code: .state, message: "\(record.title): its hold ended before it could be extended")
        }
        context.console.error(
            line:
                "\(record.title): held until \(TimeText.iso8601(end)); at the latest until \(TimeText.iso8601(latest))")
        return 0
    }
}

struct ReleaseCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Ends the hold of a job's instance now.",
        discussion: """
            The job goes on to its end: a snapshot where the spec asks for one, or where results are on the instance that \
            could not be fetched; then it is destroyed. Its outcome stays what it was.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("A job's number or name, or last.", valueName: "job"))
    var job: JobReference

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let store = try await context.openStore(home)
        let record = try await JobAccess.one(job, in: context, home)
        let (attempt, _) = try HeldJob.held(record)
        _ = try await HeldJob.ask(HoldWish.release, of: record, attempt.number, in: store, home, context) { !$0.isHeld }
        context.console.error(line: "\(record.title): released; `mayfly attach \(record.id)` shows it end")
        return 0
    }
}

/// A time to add: `+2h`, or `2h`.
struct ExtraTime: ExpressibleByArgument, Hashable {
    var duration: Duration

    init?(argument: String) {
        guard let time = DurationArgument(argument: argument.hasPrefix("+") ? String(argument.dropFirst()) : argument)
        else { return nil }
        duration = time.duration
    }
}

/// What `extend` and `release` have in common: a wish in the store, and a keeper that acts on it.
enum HeldJob {
    private static let patience: Duration = .seconds(10)

    /// - Throws: ``CommandError`` when nothing of the job is held.
    static func held(_ job: JobRecord) throws -> (AttemptState, Hold) {
        guard !job.isFinished, let attempt = job.attempt, attempt.isHeld, let hold = attempt.hold else {
            throw CommandError(
                code: .usage,
                message: "\(job.title) is \(job.isFinished ? "over" : job.phaseWord): its instance is not held")
        }
        return (attempt, hold)
    }

    /// - Returns: the attempt once the keeper has acted.
    /// - Throws: ``CommandError`` when that takes too long.
    static func ask<Wish: AttemptWish>(
        _ wish: Wish, of job: JobRecord, _ attempt: Int, in store: any JobStore, _ home: MayflyHome,
        _ context: CommandContext, until condition: (AttemptState) -> Bool
    ) async throws -> AttemptState {
        try await store.setValue(wish.stored, for: Wish.key(job.id, attempt: attempt))
        try await Background.wakeKeeper(home, context)
        let deadline = context.time.now().boot.advanced(by: patience)
        while true {
            if let state = try await store.job(job.id)?.attempts.first(where: { $0.number == attempt }),
                condition(state)
            {
                return state
            }
            guard context.time.now().boot < deadline else {
                throw CommandError(
                    code: .state,
                    message:
                        "\(job.title): asked for, and not yet answered by the keeper: `mayfly show \(job.id)` tells")
            }
            try await context.time.sleep(for: .milliseconds(50))
        }
    }
}
