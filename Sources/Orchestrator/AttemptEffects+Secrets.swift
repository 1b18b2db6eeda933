import MayflyCore
import OnInstance

/// Secrets are only in the keeper's memory: after its death a job that still needs them waits until a client brings them
/// again. While it waits, it can be stopped like any other.
extension AttemptEffects {
    enum StartSecrets {
        case ready([EnvironmentVariable])
        /// By a keeper that died since: it is to be followed.
        case alreadyStarted
        /// It never was and never will be.
        case stopped
    }

    /// What the command is to be started with, if it still is to be started.
    func secretsToStart(
        on host: any RemoteHost, of instance: ReachableInstance, _ deadline: @Sendable () -> BootInstant?,
        _ control: EffectControl
    ) async throws -> StartSecrets {
        if case .ready(let values) = await context.supplies.secrets(of: context.job) { return .ready(values) }
        // A keeper that died may have started it before: then nothing is needed any more.
        if try await answer(to: supervisor.began(.run), on: host).text.hasPrefix("started") { return .alreadyStarted }
        var looked = time.now().boot
        let values = try await awaitedSecrets(control) {
            let now = time.now().boot
            if let deadline = deadline(), now >= deadline, !control.stop.isMade {
                throw Ends(.stepFailed(Self.neverCame))
            }
            if looked.duration(to: now) >= .seconds(30) {
                looked = now
                _ = try await askWitness(instance.id)
            }
            return control.stop.isMade
        }
        if let values { return .ready(values) }
        try await perform(supervisor.stop(.run), on: host) { _ in }
        return .stopped
    }

    /// - Parameter isOver: asked again and again while waiting.
    /// - Returns: `nil` once `isOver` says so.
    func awaitedSecrets(
        _ control: EffectControl, orUntil isOver: () async throws -> Bool
    ) async throws -> [EnvironmentVariable]? {
        var hasWaited = false
        while true {
            switch await context.supplies.secrets(of: context.job) {
            case .ready(let values):
                if hasWaited { control.post(.waiting(nil)) }
                return values
            case .waiting(let reason):
                if !hasWaited { control.post(.waiting(reason)) }
                hasWaited = true
                if try await isOver() { return nil }
                try await time.sleep(for: .milliseconds(200))
            }
        }
    }

    private static let neverCame = Reason(
        code: "secrets-missing",
        message: "the command was not started: nobody handed over its secrets until the run's time was over")
}
