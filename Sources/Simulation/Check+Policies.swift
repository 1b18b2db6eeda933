import MayflyCore

/// What must hold of holds, of further attempts, and of machines that are left alone.
extension Check {
    /// An attempt is written down.
    func savedPolicies(_ state: AttemptState) {
        let place = Int(state.identity.job.rawValue) - 1
        guard world.plan.jobs.indices.contains(place) else { return }
        let job = world.disk.jobs[place]
        if state.number > 1, isFirst(state) { follows(state, job) }
        if let hold = state.hold { held(hold, state, job) }
        if state.reason?.code == "quarantined", !world.plan.jobs[place].crashesKeeper {
            world.violate("\(state.identity) is quarantined and harmed nobody")
        }
    }

    // MARK: Further attempts

    /// Only what the spec names is tried again, not more often, and not before its time.
    private func follows(_ state: AttemptState, _ job: JobRecord) {
        let policy = job.definition.retry ?? RetryPolicy()
        guard let last = job.attempts.last(where: { $0.number < state.number }), last.number == state.number - 1,
            last.isDone, last.teardown == .clean, let outcome = last.outcome, let ended = last.endedAt
        else { return world.violate("\(state.identity) follows nothing that is over") }
        if state.number > policy.attempts {
            world.violate("\(state.identity) is more than the \(policy.attempts) attempts it may have")
        }
        if outcome == .lost, !last.commandStarted, last.instance == nil { return }
        if !Self.isTriedAgain(outcome, last, policy) {
            world.violate("\(state.identity) follows one that ended \(outcome.word), against its policy")
        }
        let wait = min(policy.backoff * (1 << (last.number - 1)), max(policy.backoff, .seconds(600)))
        if last.bootID == state.bootID, let began = state.spans.first?.began,
            ended.boot.duration(to: began.boot) < wait
        {
            world.violate("\(state.identity) began before its time")
        }
    }

    private static func isTriedAgain(_ outcome: Outcome, _ last: AttemptState, _ policy: RetryPolicy) -> Bool {
        func names(_ causes: RetryCause...) -> Bool {
            guard let when = policy.when else {
                return !last.commandStarted && causes.contains { [.capacity, .cloud, .connection].contains($0) }
            }
            return causes.contains { when.contains($0) }
        }
        switch outcome {
        case .failedUser(let code):
            if last.gpuFault == true, policy.when?.contains(.gpu) == true { return true }
            return policy.exitCodes.isEmpty
                ? policy.when?.contains(.user) == true : policy.exitCodes.contains(code)
        case .failedCapacity: return names(.capacity)
        case .failedCloud: return names(.cloud)
        case .failedConnection: return names(.connection)
        case .failedSetup, .timedOut(.setup): return names(.setup)
        case .timedOut(.provision): return names(.cloud, .connection)
        case .lost: return names(.lost)
        case .succeeded, .cancelled, .failedSpec, .overBudget, .timedOut: return false
        }
    }

    // MARK: Holds

    private func held(_ hold: Hold, _ state: AttemptState, _ job: JobRecord) {
        let name = state.identity
        let wanted = job.definition.longestHold
        if wanted == .zero { world.violate("\(name) is held, and nobody wants that") }
        if hold.endsAt > job.definition.latestHoldEnd(expiry: state.expiry) {
            world.violate("\(name) is held beyond what its expiry leaves")
        }
        if state.isHeld {
            world.isHeld(state)
            // Where results are fetched meanwhile, it may end as soon as they are here.
            if hold.cause == .failure {
                heldFor[name.description] = max(heldFor[name.description] ?? .zero, hold.length)
            }
            return
        }
        guard hold.cause == .failure, measuresHolds, let planned = heldFor.removeValue(forKey: name.description),
            let elapsed = state.spans.last(where: { $0.phase == "holding" })?.elapsed
        else { return }
        let lasted = Duration.milliseconds(elapsed)
        let isEnded = job.cancelRequestedAt != nil || released.contains(name.description)
        let hasVanished = state.warnings.contains { $0.hasPrefix("the instance ended while it was held") }
        if lasted < planned, !isEnded, !hasVanished {
            world.violate("\(name) was to be held for \(planned), and was for \(lasted)")
        }
        if world.plan.interruptions.isEmpty, world.plan.unreadable == nil, lasted > hold.length + .seconds(10) {
            world.violate("\(name) was to be held for \(hold.length), and was for \(lasted)")
        }
    }

    /// Whether the boot clock says how long something lasted.
    private var measuresHolds: Bool {
        world.plan.wallJumps.isEmpty && !world.plan.interruptions.contains(where: \.reboots)
            && world.plan.storeFaults == 0
    }

    // MARK: Machines that crash the keeper

    /// So often: once among others, and twice alone.
    private static let mostCrashes = 3

    /// A keeper that logged in there has crashed of it.
    func crashedKeeper(_ hostname: String) {
        crashes[hostname, default: 0] += 1
        if crashes[hostname, default: 0] > Self.mostCrashes {
            world.violate("\(hostname) has crashed \(crashes[hostname, default: 0]) keepers")
        }
    }
}
