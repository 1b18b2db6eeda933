import MayflyCore
import OnInstance

extension AttemptEffects {
    /// Runs the setup script; its output goes to `setup.log`.
    func setup(_ instance: ReachableInstance, _ control: EffectControl) async throws -> AttemptEvent {
        guard let script = context.definition.setup else { return .setupEnded(.exited(0)) }
        let launch = launchDocument(
            .shell(script), extraArguments: [], limit: context.definition.timeouts.setup,
            secrets: try await awaitedSecrets(control, orUntil: { false }) ?? [])
        let status = try await onHost(instance, control) { host in
            // The supervisor keeps both streams of setup in one file, in the order they were written.
            let offset = try await onFolder { try await context.folder.length(of: .setup) }
            let step = supervisor.startAndFollow(.setup, launch, stdoutOffset: offset, stderrOffset: 0)
            let refusal = try await startAndFollow(step, on: host, stdout: .setup, stderr: .setup) {}
            if let refusal {
                throw Ends(
                    .stepFailed(
                        Reason(code: "setup-not-started", message: "setup could not be started: \(refusal)")))
            }
            let status = try await sealed(.setup, on: host)
            if let words = status?.stdout?.droppedText(JobLog.setup.fileName) { control.post(.warned(words)) }
            return status
        }
        return .setupEnded(status?.result ?? .unknown)
    }

    /// Starts the command unless it was started, follows it by byte offset, and seals its logs.
    func run(
        _ instance: ReachableInstance, stop: StopCause?, _ control: EffectControl
    ) async throws -> AttemptEvent {
        if stop != nil { _ = control.stop.make(at: time.now().boot) }
        let deadline: @Sendable () -> BootInstant? = { giveUpMoment(control) }
        let started = Flag()
        if decision.state.commandStarted { started.set() }
        while true {
            let event = try await onHost(instance, control, giveUpAt: deadline) { host -> AttemptEvent? in
                guard !started.isSet else { return try await follow(on: host, nil, started, control) }
                switch try await launch(on: host, of: instance, deadline, control) {
                case .end(let event): return event
                case .command(let launch): return try await follow(on: host, launch, started, control)
                }
            }
            if let event { return event }
        }
    }

    /// Follows to the seal. A wish to stop that is made meanwhile is passed on to the supervisor by ``passOnStop(to:_:)``, so
    /// that nobody has to wait for one. One that is there already comes before all else: a folder that cannot be written must
    /// not keep the command running.
    private func follow(
        on host: any RemoteHost, _ launch: Shared<LaunchDocument>?, _ started: Flag, _ control: EffectControl
    ) async throws -> AttemptEvent {
        defer { control.stop.isFollowedNoMore() }
        if control.stop.isFollowed(over: host) { try await tellStop(to: host) }
        if !started.isSet, let end = try await start(launch, on: host, started, control) { return end }
        return try await followToSeal(on: host, hasFollowed: launch != nil, control)
    }

    /// Never inlined: what waits for the seal keeps no room for it.
    /// - Throws: also when the supervisor did not say that it was told.
    @inline(never)
    private func tellStop(to host: any RemoteHost) async throws {
        guard try await perform(supervisor.stop(.run), on: host, { _ in }) == .status(0) else { throw Self.cutOff }
    }

    /// Tells the supervisor to stop the command. Where that fails, its follower's connection ends with it, and it tells it
    /// over the next.
    func passOnStop(to host: any RemoteHost, _ control: EffectControl) async {
        do {
            try await tellStop(to: host)
        } catch {
            // Nobody follows any more: the command has ended, and the connection serves what comes after it.
            if control.stop.hasFollower { await host.close() }
        }
    }

    /// - Parameter hasFollowed: whether the logs have been followed to their end already.
    func followToSeal(
        on host: any RemoteHost, hasFollowed: Bool, _ control: EffectControl
    ) async throws -> AttemptEvent {
        if !hasFollowed { try await followLogs(on: host) }
        guard let status = try await sealed(.run, on: host) else {
            return .commandEnded(.unknown, logsComplete: false)
        }
        if status.isCut {
            control.post(
                .warned("the disk of the instance was full: the logs hold the beginning of the output, not all of it"))
        }
        for (log, seal) in [(JobLog.stdout, status.stdout), (.stderr, status.stderr)] {
            if let words = seal?.droppedText(log.fileName) { control.post(.warned(words)) }
        }
        if try await logsMatch(status) { return status.end(logsComplete: !status.isCut) }
        // What is here is merely short, as a rule.
        try await followLogs(on: host)
        if try await logsMatch(status) { return status.end(logsComplete: !status.isCut) }
        // Damaged on this side: once more from the beginning, and what is here stays until that is whole.
        try await onFolder {
            try await context.folder.restart(.stdout)
            try await context.folder.restart(.stderr)
        }
        try await followLogs(on: host)
        let matches = try await logsMatch(status)
        return status.end(logsComplete: matches && !status.isCut)
    }

    func logLengths() async throws -> (stdout: Int64, stderr: Int64) {
        try await onFolder {
            (try await context.folder.length(of: .stdout), try await context.folder.length(of: .stderr))
        }
    }

    private func followLogs(on host: any RemoteHost) async throws {
        let (stdout, stderr) = try await logLengths()
        try await perform(supervisor.follow(.run, stdoutOffset: stdout, stderrOffset: stderr), on: host) { output in
            switch output {
            case .stdout(let bytes): try await append(bytes, to: .stdout)
            case .stderr(let bytes): try await append(bytes, to: .stderr)
            }
        }
    }

    private func logsMatch(_ status: StageStatus) async throws -> Bool {
        // Without a seal nobody knows how long the logs should be; a command that never began has none.
        guard let stdout = status.stdout, let stderr = status.stderr else { return status.result == .stopped }
        return try await onFolder {
            let outMatches = try await context.folder.seal(
                .stdout, bytes: stdout.bytes, sha256: stdout.sha256)
            let errMatches = try await context.folder.seal(
                .stderr, bytes: stderr.bytes, sha256: stderr.sha256)
            return outMatches && errMatches
        }
    }

    /// The seal of a stage, or `nil` when its supervisor left none.
    private func sealed(_ stage: Stage, on host: any RemoteHost) async throws -> StageStatus? {
        StageStatus.parse(try await answer(to: supervisor.wait(stage), on: host).text)
    }

    /// Who wants it to end does not wait for a day: as long as collecting may take, and no longer.
    private func giveUpMoment(_ control: EffectControl) -> BootInstant? {
        let stopped = control.stop.madeAt?.advanced(by: context.definition.timeouts.collect)
        return [giveUpMoment, stopped].compactMap { $0 }.min()
    }

    /// Nobody gives up on a connection before the run's end and the collect clock have passed.
    private var giveUpMoment: BootInstant? {
        guard let began = state.began("running") else { return nil }
        let timeouts = context.definition.timeouts
        let run = max(state.runLimit(timeouts), context.extendedRun.limit ?? .zero)
        let passed = state.elapsed(since: began, now: time.now(), bootID: time.bootID)
        return time.now().boot.advanced(by: max(.zero, run + timeouts.collect - passed))
    }
}

extension StageStatus {
    fileprivate func end(logsComplete: Bool) -> AttemptEvent {
        var sealed: SealedLogs?
        if let stdout, let stderr { sealed = SealedLogs(stdout: stdout, stderr: stderr) }
        return .commandEnded(result, logsComplete: logsComplete, sealed: sealed)
    }
}
