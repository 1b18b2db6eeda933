import MayflyCore
import OnInstance

/// From the launch document to the first byte of the log, in one request.
extension AttemptEffects {
    enum Launch {
        /// To be started and followed; without a document it was started by another keeper and is followed.
        case command(Shared<LaunchDocument>?)
        /// How the attempt goes on when the command was not and will not be started.
        case end(AttemptEvent)
    }

    func launch(
        on host: any RemoteHost, of instance: ReachableInstance, _ deadline: @Sendable () -> BootInstant?,
        _ control: EffectControl
    ) async throws -> Launch {
        if control.stop.isMade { try await perform(supervisor.stop(.run), on: host) { _ in } }
        switch try await secretsToStart(on: host, of: instance, deadline, control) {
        case .ready(let secrets):
            let definition = context.definition
            let document = launchDocument(
                definition.command, extraArguments: definition.extraArguments, limit: definition.timeouts.run,
                secrets: secrets)
            return .command(Shared(wrappedValue: document))
        case .alreadyStarted: return .command(nil)
        case .stopped: return .end(.commandEnded(.stopped, logsComplete: true))
        }
    }

    /// - Returns: how the attempt goes on when the command could not be started; `nil` when it has been, and followed.
    func start(
        _ launch: Shared<LaunchDocument>?, on host: any RemoteHost, _ started: Flag, _ control: EffectControl
    ) async throws -> AttemptEvent? {
        let tell: @Sendable () -> Void = {
            started.set()
            control.post(.commandStarted)
        }
        guard let launch else {
            tell()
            return nil
        }
        let (stdout, stderr) = try await logLengths()
        let step = supervisor.startAndFollow(.run, launch.wrappedValue, stdoutOffset: stdout, stderrOffset: stderr)
        let refusal = try await startAndFollow(step, on: host, stdout: .stdout, stderr: .stderr, tell)
        guard let refusal else { return nil }
        if control.stop.isMade { return .commandEnded(.stopped, logsComplete: true) }
        return .stepFailed(
            Reason(code: "command-not-started", message: "the command could not be started: \(refusal)"))
    }

    /// - Parameter onStart: called as soon as the stage is known to have been started.
    /// - Returns: why it was not started, in its supervisor's words.
    func startAndFollow(
        _ step: RemoteStep, on host: any RemoteHost, stdout: JobLog, stderr: JobLog,
        _ onStart: @escaping @Sendable () -> Void
    ) async throws -> String? {
        let answer = StartAnswer()
        let exit = try await perform(step, on: host) { output in
            switch output {
            case .stdout(let bytes):
                let log = answer.take(bytes, onStart: onStart)
                if !log.isEmpty { try await append(log, to: stdout) }
            case .stderr(let bytes): try await append(bytes, to: stderr)
            }
        }
        if answer.wasStarted { return nil }
        guard exit != .unknown else { throw Self.cutOff }
        return answer.refusal(exit)
    }

    func launchDocument(
        _ command: JobCommand, extraArguments: [String], limit: Duration, secrets: [EnvironmentVariable]
    ) -> LaunchDocument {
        LaunchDocument(
            environment: context.definition.environment, secrets: secrets, command: command,
            extraArguments: extraArguments, limit: limit, expiry: context.expiry, job: context.job.id,
            name: context.definition.name, attempt: context.identity.attempt,
            pty: context.definition.ssh.pty, logLimit: context.definition.logLimit)
    }
}
