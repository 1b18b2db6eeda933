/// The attempt that follows one that is over: known from what is stored alone, so that no keeper's death moves it.
public struct NextAttempt: Hashable, Sendable {
    public var number: Int
    /// All attempts that the job may have.
    public var limit: Int
    /// When the last attempt ended.
    public var since: Moment
    /// How long after that the next one begins.
    public var wait: Duration

    /// When it begins, by the wall clock; for people.
    public var beginsAt: WallTime { since.wall.advanced(by: wait) }
}

extension JobRecord {
    /// The attempt that is waited for after the last one ended, or `nil` when none will follow.
    ///
    /// None follows a cancel, and none whose wait would outlast the `total` clock.
    public var nextAttempt: NextAttempt? { isFinished || isCancelled ? nil : plannedAttempt }

    private var isCancelled: Bool { cancelRequestedAt != nil || attempt?.cancelRequested == true }

    /// The attempt that would follow the last one, whoever has cancelled the job since.
    private var plannedAttempt: NextAttempt? {
        guard let last = attempt, last.isDone, last.teardown == .clean, let ended = last.endedAt else { return nil }
        let policy = definition.retry ?? RetryPolicy()
        guard policy.triesAgain(after: last) else { return nil }
        let wait = policy.wait(after: last)
        if let total = definition.timeouts.total, let began = leftQueueAt, began.span(to: ended) + wait >= total {
            return nil
        }
        return NextAttempt(number: last.number + 1, limit: policy.attempts, since: ended, wait: wait)
    }

    /// The attempt that a cancel forestalled: the job is cancelled then, whatever its last attempt ended as.
    public var forestalledAttempt: NextAttempt? { isCancelled ? plannedAttempt : nil }

    /// How the job ended, or stands: as its last attempt, unless another one was to follow and a cancel came before it. A job
    /// that was over before its first attempt began was cancelled or lost.
    public var outcome: Outcome? {
        if forestalledAttempt != nil { return .cancelled }
        if let outcome = attempt?.outcome { return outcome }
        guard isFinished else { return nil }
        return cancelRequestedAt == nil ? .lost : .cancelled
    }

    /// Why it ended as it did.
    public var reason: Reason? {
        guard let next = forestalledAttempt, let last = attempt else { return attempt?.reason }
        let why = last.reason.map { ": \($0.message)" } ?? last.exitCode.map { ", exit code \($0)" } ?? ""
        return Reason(
            code: "cancelled",
            message: "cancelled before attempt \(next.number) of \(next.limit) began; attempt \(last.number) ended as "
                + "\(last.outcome?.word ?? "lost")\(why)", cloudCode: last.reason?.cloudCode,
            cloudMessage: last.reason?.cloudMessage)
    }

    /// When the `total` clock began: as the first attempt left the queue.
    public var leftQueueAt: Moment? {
        attempts.first?.spans.first { $0.phase == "creating" }?.began
    }
}

extension Moment {
    /// How long from this to a later moment. A boot clock that ran backwards is another boot's: then the wall clock is all
    /// there is.
    public func span(to later: Moment) -> Duration {
        max(.zero, boot <= later.boot ? boot.duration(to: later.boot) : wall.duration(to: later.wall))
    }

    func advanced(by duration: Duration) -> Moment {
        Moment(wall: wall.advanced(by: duration), boot: boot.advanced(by: duration))
    }
}

extension AttemptState {
    /// When it came to its end; `nil` while it lasts.
    public var endedAt: Moment? {
        guard isDone, let last = self.spans.last else { return nil }
        return last.began.advanced(by: .milliseconds(last.elapsed ?? 0))
    }

    /// Whether its create was lost and complete listings show nothing: its command provably never ran.
    public var wasNeverCreated: Bool { self.outcome == .lost && !self.commandStarted && self.instance == nil }
}
