import Keeper
import MayflyCore

/// Follows jobs to their end: rows from the store, output from the results folders, news from the keeper.
///
/// The keeper does the work; whatever happens to a follower touches no job except by an explicit cancel.
struct Follower: Sendable {
    struct Options: Sendable {
        /// How long the teardown is waited for before the rest is left to the keeper.
        var destroyWait: Duration = .seconds(600)
        /// Skips output of before now.
        var onlyNewOutput = false
        /// Whether the jobs are other clients', so that ending this one is no word about them.
        var onlyWatches = false
        /// Whether somebody can answer a question.
        var canAsk = false
    }

    let store: any JobStore
    let link: any KeeperLink
    let view: any FollowView
    let time: any Timekeeper
    let interrupts: Interrupts
    let options: Options

    static let pollInterval: Duration = .milliseconds(250)

    /// - Returns: the exit code of all jobs together.
    func run(_ jobs: [JobID]) async throws -> Int32 {
        let (events, continuation) = AsyncStream.makeStream(of: FollowEvent.self)
        let pump = LogPump()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keepTime(continuation) }
            group.addTask { await keepWatch(jobs, pump, continuation) }
            group.addTask { await carry(pump, continuation) }
            group.addTask { for await interrupt in interrupts.stream { continuation.yield(.interrupt(interrupt)) } }
            defer { group.cancelAll() }
            var session = FollowSession(follower: self, jobs: jobs, pump: pump, events: continuation)
            try await session.begin()
            for await event in events {
                if let code = try await session.handle(event) { return code }
                if session.isOver { break }
            }
            return session.exitCode
        }
    }

    private func keepTime(_ events: AsyncStream<FollowEvent>.Continuation) async {
        while (try? await time.sleep(for: Self.pollInterval)) != nil { events.yield(.tick) }
    }

    /// Listens to the keeper; when it goes, another is found or started.
    private func keepWatch(_ jobs: [JobID], _ pump: LogPump, _ events: AsyncStream<FollowEvent>.Continuation) async {
        var failures: Int64 = 0
        while !Task.isCancelled {
            do {
                try await link.watch(jobs) { push in
                    switch push {
                    case .changed(let job): events.yield(.changed(job))
                    case .logGrew(let job): pump.nudge(job)
                    case .hello, .done, .status, .refused: break
                    }
                }
                failures = 0
                if Task.isCancelled { return }
                events.yield(.keeperGone)
            } catch {
                if Task.isCancelled { return }
                events.yield(.keeperUnreachable(ControlSequences.line("\(error)")))
                failures += 1
            }
            let pause = min(5000, 100 << min(failures, 6))
            guard (try? await time.sleep(for: .milliseconds(pause))) != nil else { return }
        }
    }

    private func carry(_ pump: LogPump, _ events: AsyncStream<FollowEvent>.Continuation) async {
        do {
            try await pump.run(
                into: { place, offset, bytes in try view.output(place, offset: offset, bytes) },
                drained: { events.yield(.drained($0)) })
        } catch {
            // Nobody reads any more; a cancelled pump is the follower's own end.
            if !Task.isCancelled { interrupts.arrived(.outputClosed) }
        }
    }
}
