extension AttemptState {
    /// The clock that runs in the current phase, with the moment it began, or `nil` when none does.
    ///
    /// The run clock is enforced on the instance; the shell adds nothing to it while a connection lasts.
    public var runningClock: (clock: JobClock, began: Moment)? {
        let clock: JobClock
        let firstPhase: String
        switch self.phase {
        case .queued: (clock, firstPhase) = (.queue, "queued")
        case .creating, .booting, .connecting: (clock, firstPhase) = (.provision, "creating")
        case .preparing: (clock, firstPhase) = (.setup, "preparing")
        case .collecting: (clock, firstPhase) = (.collect, "collecting")
        case .snapshotting: (clock, firstPhase) = (.snapshot, "snapshotting")
        case .running, .holding, .destroying, .verifying, .done: return nil
        }
        return began(firstPhase).map { (clock, $0) }
    }

    /// How long ago `moment` was: on the boot clock within one boot, by wall time after a reboot of this host.
    public func elapsed(since moment: Moment, now: Moment, bootID: String) -> Duration {
        let elapsed =
            bootID == self.bootID
            ? moment.boot.duration(to: now.boot) : moment.wall.duration(to: now.wall)
        return max(.zero, elapsed)
    }
}
