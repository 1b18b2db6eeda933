import MayflyCore
import OnInstance

extension AttemptEffects {
    /// Waits for the end of the hold, and meanwhile tries again to fetch what could not be fetched.
    ///
    /// An instance that dies while it is held ends the hold: the cloud is asked now and then.
    func hold(
        _ instance: ReachableInstance, _ control: EffectControl
    ) async throws -> AttemptEvent {
        let end = time.now().boot.advanced(by: state.restOfHold(now: time.now(), bootID: time.bootID))
        let fetches = state.hold?.cause == .collect
        var pause = Self.firstPause
        while true {
            let rest = time.now().boot.duration(to: end)
            if rest > .zero { try await time.sleep(for: min(rest, fetches ? pause : Self.witnessPause)) }
            let isOver = time.now().boot >= end
            if fetches, let event = try await recover(instance, until: isOver ? nil : end, control) {
                return event
            }
            if isOver { return .holdEnded }
            if !fetches { _ = try await askWitness(instance.id) }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private static let firstPause: Duration = .seconds(15)
    private static let longestPause: Duration = .seconds(300)
    private static let witnessPause: Duration = .seconds(30)

    /// Fetches the logs, where they are not whole, and the outputs once more.
    ///
    /// - Parameter end: when to stop trying; without one, after the time that collecting may take.
    /// - Returns: `nil` while something is still missing.
    private func recover(
        _ instance: ReachableInstance, until end: BootInstant?, _ control: EffectControl
    ) async throws -> AttemptEvent? {
        let limit = context.definition.timeouts.collect
        let deadline = min(end ?? .init(rawValue: .max), time.now().boot.advanced(by: limit))
        return try await withThrowingTaskGroup(of: AttemptEvent?.self) { group in
            group.addTask {
                do {
                    return try await recoverOnce(instance, until: deadline, control)
                } catch let end as Ends {
                    // That there is no connection is what is waited out; that the instance is over is news.
                    if case .connectionGivenUp = end.event { return nil }
                    throw end
                }
            }
            group.addTask {
                let rest = time.now().boot.duration(to: deadline)
                if rest > .zero { try await time.sleep(for: rest) }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    private func recoverOnce(
        _ instance: ReachableInstance, until deadline: BootInstant, _ control: EffectControl
    ) async throws -> AttemptEvent? {
        var exitCode: Int32?
        if state.commandStarted, state.logsAreWhole != true {
            let event = try await onHost(instance, control, giveUpAt: { deadline }) { host in
                try await followToSeal(on: host, hasFollowed: false, control)
            }
            guard case .commandEnded(let result, logsComplete: true, _) = event else { return nil }
            if case .exited(let code) = result { exitCode = code }
        }
        let report = try await fetchOutputs(of: instance, giveUpAt: { deadline }, control)
        guard !report.leavesResults else { return nil }
        return .recovered(exitCode: exitCode, complete: report.complete, warnings: report.warnings)
    }
}
