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
}
