import Logging
import MayflyCore
import OnInstance

/// Carries out what the machine decided. Each effect posts the event it ends with, and is safe to start again.
struct AttemptEffects: Sendable {
    let context: AttemptContext
    /// What they carry out. Held, not copied: an effect may take days.
    let decision: AttemptJournal.Decision

    /// The attempt as it was decided upon.
    var state: AttemptState { decision.state }
    /// The attempt's own key, which alone bears witness for its instance; `nil` = the one on record.
    var witness: String? { decision.state.witness }
    var provider: any InstanceProvider { context.provider }
    var time: any Timekeeper { context.time }
    var supervisor: Supervisor { Supervisor(nonce: context.identity.nonce) }

    /// Ends an effect with an event, from however deep.
    struct Ends: Error {
        let event: AttemptEvent

        init(_ event: AttemptEvent) { self.event = event }
    }

    /// Runs `effect` to its end. Cancellation ends it silently: another effect, or another keeper, takes over.
    ///
    /// An error that nobody expected is tried again like a restart would: the phase's clock ends it, never silence.
    func perform(_ effect: AttemptEffect, _ control: EffectControl) async {
        switch effect {
        case .snapshot, .destroy: await keepBlackBox(control)
        case .create, .watch, .connect, .awaitStartup, .upload, .setup, .run, .collect, .hold, .verify: break
        }
        var effect = effect
        var backoff = Backoff(first: .milliseconds(100), most: .seconds(10))
        while true {
            do {
                return control.post(try await event(of: effect, control))
            } catch let end as Ends {
                return control.post(end.event)
            } catch is CancellationError {
                return
            } catch {
                guard !Task.isCancelled else { return }
                context.logger.error(
                    "an unexpected error, tried again", metadata: ["job": "\(context.job.id)", "error": "\(error)"])
                control.post(.waiting("\(error); trying again"))
                effect = effect.settling
            }
            guard (try? await backoff.wait(time)) != nil else { return }
        }
    }

    private func event(
        of effect: AttemptEffect, _ control: EffectControl
    ) async throws -> AttemptEvent {
        switch effect {
        case .create(let settle): try await create(settle: settle, control)
        case .watch(let id): try await watch(id, control)
        case .connect(let instance): try await connect(instance, control)
        case .awaitStartup(let instance): try await awaitStartup(instance, control)
        case .upload(let instance): try await upload(instance, control)
        case .setup(let instance): try await setup(instance, control)
        case .run(let instance, let stop): try await run(instance, stop: stop, control)
        case .collect(let instance): try await collect(instance, control)
        case .hold(let instance): try await hold(instance, control)
        case .snapshot(let instance, let settle): try await snapshot(instance, settle: settle, control)
        case .destroy(let id): try await destroy(id, control)
        case .verify(let id): try await verify(id, control)
        }
    }

    // MARK: The cloud's lag

    /// Whether listings may still lack what was asked for at `moment`. A jump of the wall clock must not make an absence look
    /// proved, so this is measured on the boot clock; across a boot of this host it is waited out once more.
    func isWithinLag(since moment: Moment, of state: AttemptState) -> Bool {
        lagBegan(moment, state).duration(to: time.now().boot) < provider.listingLag
    }

    func lagBegan(_ moment: Moment, _ state: AttemptState) -> BootInstant {
        if time.bootID == state.bootID || (context.tookUpAt <= moment.boot && moment.boot <= time.now().boot) {
            return moment.boot
        }
        return context.tookUpAt
    }

    // MARK: The connection and its second witness

    /// Runs `body` on a connection, and again on a new one whenever it is lost.
    ///
    /// "Cannot reach by SSH" is not "dead": between tries the API is asked, and while it says `active` the wait goes on
    /// until `deadline` (no limit when `nil`: the phase's own clock ends it). A results folder that cannot be written is
    /// waited for until the instance's expiry: what is on the instance is safe until then.
    func onHost<Result: Sendable>(
        _ instance: ReachableInstance, _ control: EffectControl,
        giveUpAt deadline: @Sendable () -> BootInstant? = { nil },
        _ body: @Sendable (any RemoteHost) async throws -> Result
    ) async throws -> Result {
        var tries = Tries(of: context.identity)
        while true {
            try await awaitAdmission(control)
            do {
                let host = try await context.link.host(of: instance)
                await context.gate.attached(context.identity)
                if tries.told != nil { control.post(.waiting(nil)) }
                tries.told = nil
                let result = try await body(host)
                context.folderTrouble.set(false)
                return result
            } catch {
                try await wait(after: error, with: instance, &tries, giveUpAt: deadline, control)
            }
        }
    }

    private struct Tries {
        var backoff: Backoff
        var told: String?
        var refusals = 0

        init(of identity: AttemptIdentity) {
            backoff = Backoff(first: .milliseconds(20), most: .seconds(5), spread: identity.nonce)
        }
    }

    /// Waits before the next connection. Never inlined: its room would be kept for as long as the connection lasts.
    /// - Throws: what is no trouble with the connection or the folder, and ``Ends`` when there will be no other.
    @inline(never)
    private func wait(
        after error: any Error, with instance: ReachableInstance, _ tries: inout Tries,
        giveUpAt deadline: @Sendable () -> BootInstant?, _ control: EffectControl
    ) async throws {
        let trouble: String
        var least = Duration.zero
        if let error = error as? RemoteError {
            try Task.checkCancellation()
            context.folderTrouble.set(false)
            await context.link.drop()
            if error.kind == .hostKeyMismatch {
                throw Ends(.connectionGivenUp(Reason(code: "host-key-changed", message: error.message)))
            }
            if error.kind == .loginRefused {
                tries.refusals += 1
                least = Self.pause(after: tries.refusals)
            }
            trouble = error.message
        } else if let error = error as? FolderTrouble {
            context.folderTrouble.set(true)
            trouble = error.message
        } else {
            throw error
        }
        let now = time.now()
        if context.folderTrouble.isSet {
            if now.wall >= context.expiry {
                throw Ends(.connectionGivenUp(Reason(code: "results-not-written", message: trouble)))
            }
        } else if let deadline = deadline(), now.boot >= deadline {
            throw Ends(
                .connectionGivenUp(
                    Reason(
                        code: "connection-lost",
                        message: "no connection to the instance until its time was over; last: \(trouble)")))
        }
        // What the cloud says explains more than the connection's own words.
        let words = try await askWitness(instance.id) ?? trouble
        if words != tries.told { control.post(.waiting(words)) }
        tries.told = words
        try await tries.backoff.wait(time, least: least)
    }

    /// Lets something be asked of the instance that nothing may wait for longer than this: an instance that has not answered
    /// by then loses its connection.
    func within(_ limit: Duration, _ work: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await work() }
            group.addTask {
                guard (try? await time.sleep(for: limit)) != nil else { return }
                await context.link.drop()
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Waits while a machine that may have crashed the last keeper is tried apart from all others.
    /// - Throws: ``Ends`` for one that did so again and again.
    private func awaitAdmission(_ control: EffectControl) async throws {
        if case .attach = await context.gate.admission(of: context.identity) { return }
        try await awaitTurn(control)
    }

    @inline(never)
    private func awaitTurn(_ control: EffectControl) async throws {
        var hasWaited = false
        while true {
            switch await context.gate.admission(of: context.identity) {
            case .attach:
                if hasWaited { control.post(.waiting(nil)) }
                return
            case .wait:
                if !hasWaited { control.post(.waiting(Self.attachedOneByOne)) }
                hasWaited = true
                try await time.sleep(for: .milliseconds(100))
            case .quarantined: throw Ends(.connectionGivenUp(Self.quarantined))
            }
        }
    }

    private static let attachedOneByOne =
        "its turn: the last keeper crashed while it attached to several machines, so they are attached to one at a time"

    static let quarantined = Reason(
        code: "quarantined",
        message:
            "what this machine sends crashed the keeper twice while it attached, or thrice later, so nothing is read from it any more; "
            + "the end of keeper.log in the home says how")

    /// OpenSSH from 9.8 on locks an address out for a while that owes it 15 s, and a refused login costs 5
    /// (sshd_config(5), PerSourcePenalties). The first few may come quickly: the user's key is a moment late.
    private static func pause(after refusals: Int) -> Duration {
        switch refusals {
        case 1: .seconds(1)
        case 2: .seconds(2)
        default: .seconds(6)
        }
    }

    /// - Returns: why the cloud's word is worth nothing just now, or `nil`.
    /// - Throws: ``Ends`` when the cloud itself says that the instance is over.
    func askWitness(_ id: InstanceID) async throws -> String? {
        do {
            if let observed = try await provider.instance(id) {
                if let reason = Self.deadEnd(observed) { throw Ends(.instanceFailed(reason)) }
                return nil
            }
            // A 404 means something only if the same token sees the anchor: all of it is asked anew, together.
            switch try await provider.absence(of: id, anchor: witness) {
            case .gone: throw Ends(.instanceFailed(Self.vanished))
            case .stillThere: return nil
            case .cannotTell(let reason): return reason.message
            }
        } catch let error as ProviderError {
            return error.description
        }
    }

    static let vanished = Reason(
        code: "instance-vanished",
        message: "the cloud no longer knows the instance: somebody or something else destroyed it")

    /// Why an instance of this status will never do, or `nil`.
    static func deadEnd(_ observed: ObservedInstance) -> Reason? {
        switch observed.status {
        case .error:
            Reason(code: "instance-error", message: "the cloud reports status \"error\" for the instance")
        case .stopped, .stopping:
            Reason(
                code: "instance-stopped",
                message: "the instance was stopped from outside (or shut itself down) before the job's end")
        case .deleting:
            Reason(
                code: "instance-deleted",
                message: "the instance was deleted from outside before the job's end")
        case .creating, .active, .other:
            nil
        }
    }
}

/// The results folder cannot be read or written just now (disk full, rights): worth another try, the instance waits.
struct FolderTrouble: Error {
    let message: String

    init(_ error: any Error) { message = "\(JobRecord.folderTrouble) written: \(error)" }
}

/// Marks what the folder throws, so that it is told apart from the connection's own errors.
func onFolder<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch is CancellationError {
        throw CancellationError()
    } catch {
        throw FolderTrouble(error)
    }
}
