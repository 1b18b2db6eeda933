import Logging
import MayflyCore
import OnInstance

/// Carries out what the machine decided. Each effect posts the event it ends with, and is safe to start again.
struct AttemptEffects: Sendable {
    let context: AttemptContext

    var provider: any InstanceProvider { context.provider }
    var time: any Timekeeper { context.time }
    var supervisor: Supervisor { Supervisor(nonce: context.identity.nonce) }

    /// Ends an effect with an event, from however deep.
    struct Ends: Error {
        let event: AttemptEvent

        init(_ event: AttemptEvent) { self.event = event }
    }

    /// Runs `effect` to its end. Cancellation ends it silently: another effect, or another keeper, takes over.
    func perform(_ effect: AttemptEffect, of state: AttemptState, _ control: EffectControl) async {
        do {
            let event: AttemptEvent
            switch effect {
            case .create(let settle): event = try await create(settle: settle, state, control)
            case .watch(let id): event = try await watch(id, control)
            case .connect(let instance): event = try await connect(instance, control)
            case .awaitStartup(let instance): event = try await awaitStartup(instance, control)
            case .upload(let instance): event = try await upload(instance, control)
            case .setup(let instance): event = try await setup(instance, state, control)
            case .run(let instance, let stop): event = try await run(instance, stop: stop, state, control)
            case .collect(let instance): event = try await collect(instance, control)
            case .snapshot(let instance): event = try await snapshot(instance, control)
            case .destroy(let id): event = try await destroy(id, control)
            case .verify(let id): event = try await verify(id, control)
            }
            control.post(event)
        } catch let end as Ends {
            control.post(end.event)
        } catch is CancellationError {
            return
        } catch {
            guard !Task.isCancelled else { return }
            control.post(
                .stepFailed(
                    Reason(code: "internal", message: "an unexpected error ended this step: \(error)")))
        }
    }

    // MARK: The connection and its second witness

    /// Runs `body` on a connection, and again on a new one whenever it is lost.
    ///
    /// "Cannot reach by SSH" is not "dead": between tries the API is asked, and while it says `active` the wait goes on
    /// until `deadline` (no limit when `nil`: the phase's own clock ends it).
    func onHost<Result: Sendable>(
        _ instance: ReachableInstance, _ control: EffectControl, giveUpAt deadline: BootInstant? = nil,
        _ body: @Sendable (any RemoteHost) async throws -> Result
    ) async throws -> Result {
        var backoff = Backoff(first: .milliseconds(20), most: .seconds(5))
        var told: String?
        while true {
            let trouble: String
            do {
                let host = try await context.link.host(of: instance)
                if told != nil { control.post(.waiting(nil)) }
                told = nil
                return try await body(host)
            } catch let error as RemoteError {
                try Task.checkCancellation()
                await context.link.drop()
                if error.kind == .hostKeyMismatch {
                    throw Ends(.connectionGivenUp(Reason(code: "host-key-changed", message: error.message)))
                }
                trouble = error.message
            } catch let error as FolderTrouble {
                trouble = error.message
            }
            if let deadline, time.now().boot >= deadline {
                throw Ends(
                    .connectionGivenUp(
                        Reason(
                            code: "connection-lost",
                            message:
                                "no connection to the instance until the run's end had passed; last: \(trouble)")))
            }
            // What the cloud says explains more than the connection's own words.
            let words = try await askWitness(instance.id) ?? trouble
            if words != told { control.post(.waiting(words)) }
            told = words
            try await backoff.wait(time)
        }
    }

    /// - Returns: why the cloud's word is worth nothing just now, or `nil`.
    /// - Throws: ``Ends`` when the cloud itself says that the instance is over.
    func askWitness(_ id: InstanceID) async throws -> String? {
        do {
            if let observed = try await provider.instance(id) {
                if let reason = Self.deadEnd(observed) { throw Ends(.instanceFailed(reason)) }
            } else if try await provider.seesAnchor() {
                // A 404 means something only because the same token still sees the anchor.
                throw Ends(.instanceFailed(Self.vanished))
            } else {
                return Reason.anchorMissing.message
            }
            return nil
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

    init(_ error: any Error) { message = "the results folder cannot be written: \(error)" }
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
