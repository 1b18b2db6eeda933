import MayflyCore

/// The connection to the instance, made again as often as it is lost.
extension AttemptEffects {
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
