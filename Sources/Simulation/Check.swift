import CloudModel
import MayflyCore

/// What must hold after every step, and at rest.
final class Check: @unchecked Sendable {
    unowned let world: World
    /// By hostname: on which instances the command was run.
    private var ran: [String: [String]] = [:]
    /// By hostname: how long an instance is to be held.
    var heldFor: [String: Duration] = [:]
    /// Hostnames of those that a person let go.
    var released: Set<String> = []
    /// By hostname: how many keepers have crashed of it.
    var crashes: [String: Int] = [:]
    private var begun: Set<String> = []

    init(world: World) { self.world = world }

    /// The cloud has accepted a create.
    func created(_ hostname: String, earlier: Int) {
        if !world.disk.knows(hostname: hostname) { world.violate("an instance \(hostname) was created without a row") }
        if earlier > 0 { world.violate("\(hostname) was created \(earlier + 1) times") }
    }

    /// Only a failed snapshot that an attempt asked for is ever removed. Two keepers may both remove it: what is gone, or on
    /// its way, is deleted again without harm.
    func deletes(_ snapshot: CloudSnapshot) {
        switch snapshot.status {
        case .error, .deleting: break
        case .creating, .created:
            world.violate("snapshot \(snapshot.id) was deleted while \(snapshot.status.rawValue)")
        }
        let isOwn = world.disk.jobs.contains { job in
            job.attempts.contains { $0.objects.contains { $0.kind == .snapshot && $0.name == snapshot.name } }
        }
        if !isOwn { world.violate("snapshot \(snapshot.id) (\(snapshot.name)) was deleted and belongs to no attempt") }
    }

    func commandRan(_ hostname: String, on id: String) {
        ran[hostname, default: []].append(id)
        let all = ran[hostname, default: []]
        if all.count > 1 { world.violate("the command of \(hostname) ran on \(all.joined(separator: " and "))") }
    }

    /// Whether this attempt is written down for the first time.
    func isFirst(_ state: AttemptState) -> Bool { begun.insert(state.identity.description).inserted }

    func hasRun(_ hostname: String) -> Bool { ran[hostname] != nil }

    /// A piece of a log on this side is what the instance wrote at the same place.
    func grew(_ log: JobLog, of job: Int, at offset: Int, by bytes: [UInt8]) {
        guard let whole = expected(log, job), offset + bytes.count <= whole.count,
            whole[offset...].starts(with: bytes)
        else {
            return world.violate("\(log.fileName) of job \(job + 1) holds what the instance never wrote there")
        }
    }

    /// First boot's timer has ended an instance: somebody should have, long before.
    func shutItselfDown(_ hostname: String) {
        // A clock that is a day ahead ends every watch early; then the timer is what bounds the leak.
        if world.plan.wallJumps.isEmpty { world.violate("\(hostname) lived until its own expiry") }
    }

    private func expected(_ log: JobLog, _ job: Int) -> [UInt8]? {
        guard world.plan.jobs.indices.contains(job) else { return nil }
        let work = world.plan.jobs[job].work
        let salt = UInt64(job) &* 1000
        switch log {
        case .stdout: return SimulatedMachine.bytes(work.stdoutBytes, salt: salt &+ 2)
        case .stderr: return SimulatedMachine.bytes(work.stderrBytes, salt: salt &+ 9)
        case .setup: return SimulatedMachine.bytes(work.stdoutBytes, salt: salt &+ 1)
        case .startup: return []
        }
    }

    /// An attempt is written down.
    func saved(_ state: AttemptState) {
        savedPolicies(state)
        let hostname = state.identity.description
        for object in state.objects where object.kind == .instance && (object.state == .gone) {
            if world.cloud.hasInstance(hostname: hostname) {
                world.violate("\(hostname) is called gone and exists")
            }
        }
        if state.objects.contains(where: { $0.kind == .instance && $0.state == .unsettled }), settlesSurely,
            world.cloud.hasInstance(hostname: hostname)
        {
            world.violate("\(hostname) is given up as never created, and exists")
        }
        guard let outcome = state.outcome else { return }
        let machine = world.cloud.machine(of: hostname)
        switch outcome {
        case .succeeded:
            if machine?.run(of: "run")?.result != "exit 0" {
                world.violate("\(hostname) succeeded, its command did not")
            }
        case .failedUser(let code):
            if machine?.run(of: "run")?.result != "exit \(code)" {
                world.violate("\(hostname) failed with \(code), its command did not")
            }
        case .failedSetup, .failedSpec, .failedCapacity:
            if hasRun(hostname) { world.violate("\(hostname) ended \(outcome.word) although its command ran") }
        case .failedCloud, .failedConnection, .timedOut, .cancelled, .overBudget, .lost: break
        }
    }

    /// Whether listings show every instance within the lag, and no stopped keeper may post one after that.
    private var settlesSurely: Bool {
        world.plan.isGentle
            && !world.plan.interruptions.contains { if case .stalled = $0.kind { true } else { false } }
    }

    // MARK: At rest

    func atRest() {
        for instance in world.cloud.leftovers { world.violate("\(instance) is left in the cloud") }
        for job in world.disk.jobs { finished(job) }
        let owned = world.disk.jobs.flatMap { $0.attempts.flatMap { $0.objects } }
            .filter { $0.kind == .snapshot }.map { $0.name }
        for name in world.cloud.finishedSnapshots where !owned.contains(name) {
            world.violate("snapshot \(name) has no row")
        }
    }

    private func finished(_ job: JobRecord) {
        let place = Int(job.id.rawValue) - 1
        let plan = world.plan.jobs[place]
        guard let last = job.attempt, let outcome = last.outcome, last.isDone else {
            return world.violate("job \(job.id) is finished without an outcome")
        }
        guard let receipt = world.results.folder(job.id).receipt else {
            return world.violate("job \(job.id) has no receipt")
        }
        // Only a cancel before the next attempt makes a job end otherwise than its last attempt did.
        let expected = job.forestalledAttempt == nil ? outcome : .cancelled
        if receipt.outcome != expected.word || receipt.attemptOutcomes.last != outcome.word {
            world.violate("the receipt of job \(job.id) says \(receipt.outcome)")
        }
        for attempt in job.attempts where attempt.teardown != .clean {
            world.violate("attempt \(attempt.identity) is over, its teardown \(attempt.teardown.word)")
        }
        if last.delivery == .complete { delivered(job, place, last) }
        guard world.plan.isGentle, plan.vanishesAfter == nil else { return }
        expectTruth(job, last, plan)
    }

    private func delivered(_ job: JobRecord, _ place: Int, _ last: AttemptState) {
        guard let machine = world.cloud.machine(of: last.identity.description), let run = machine.run(of: "run") else {
            return
        }
        let folder = world.results.folder(job.id)
        // A job that was cancelled before its next attempt keeps the last one's files where they were set aside.
        let aside = folder.aside[last.number]
        let (logs, outputs) = (aside?.logs ?? folder.logs, aside == nil ? folder.outputs : aside?.outputs)
        let (out, err) = (logs[.stdout]?.bytes ?? [], logs[.stderr]?.bytes ?? [])
        if out != Array(run.stdout.prefix(run.outLength)) || err != Array(run.stderr.prefix(run.errLength)) {
            world.violate("job \(job.id) is called delivered, and its logs are not what the instance sealed")
        }
        if outputs != machine.outputs { world.violate("job \(job.id) is called delivered without its outputs") }
    }

    /// Where nothing may change what comes out, it comes out as the command's work has it.
    private func expectTruth(_ job: JobRecord, _ last: AttemptState, _ plan: WorldPlan.Job) {
        guard let outcome = last.outcome else { return }
        let work = plan.work
        let exhausted =
            outcome == .lost && !last.commandStarted
            && job.attempts.count >= (plan.definition.retry ?? RetryPolicy()).attempts
        var expected: Outcome = work.exitCode == 0 ? .succeeded : .failedUser(exitCode: work.exitCode)
        if work.duration >= plan.definition.timeouts.run { expected = .timedOut(.run) }
        if work.setupExit != 0, plan.definition.setup != nil { expected = .failedSetup }
        if work.startupExit != 0, plan.definition.startupScript != nil { expected = .failedSetup }
        if exhausted || outcome == expected || (plan.cancelledAfter != nil && outcome == .cancelled) {
            let ran = hasRun(last.identity.description)
            if outcome == expected, expected != .failedSetup, last.delivery != .complete {
                world.violate("job \(job.id) ended \(outcome.word), but its delivery is \(last.delivery.rawValue)")
            }
            if outcome == .cancelled, ran, last.delivery == .none {
                world.violate("job \(job.id) was cancelled while it ran, and nothing of it was delivered")
            }
            return
        }
        let asked = job.cancelRequestedAt != nil
        if asked, outcome == .lost { return }
        world.violate(
            "job \(job.id) ended \(outcome.word) (\(last.reason?.message ?? "-")) and should have \(expected.word)")
    }
}
