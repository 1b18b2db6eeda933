import MayflyCore
import OnInstance
import Synchronization

extension AttemptEffects {
    /// Polls until the instance is active and has an address.
    func watch(_ id: InstanceID, _ control: EffectControl) async throws -> AttemptEvent {
        var backoff = Backoff(
            first: provider.pollInterval, most: max(provider.pollInterval, .seconds(5)))
        var told = state.waitingFor
        func tell(_ text: String?) {
            guard text != told else { return }
            told = text
            control.post(.waiting(text))
        }
        while true {
            do {
                if let observed = try await provider.instance(id) {
                    if let reason = Self.deadEnd(observed) { return .instanceFailed(reason) }
                    if observed.status == .active, let address = address(of: observed) {
                        return .becameReachable(
                            ReachableInstance(
                                id: id, address: address,
                                sshPort: context.definition.ssh.port ?? observed.sshPort ?? 22))
                    }
                    tell(observed.status == .active ? "a public address" : AttemptMachine.awaitedStatus)
                } else if isWithinLag(of: state) {
                    tell("the cloud to show the instance")
                } else {
                    switch try await provider.absence(of: id, anchor: witness) {
                    case .gone: return .instanceFailed(Self.vanished)
                    case .stillThere(let status): tell("status active; now it is \(status)")
                    case .cannotTell(let reason): tell(reason.message)
                    }
                }
            } catch let error as ProviderError {
                tell(error.description)
            }
            try await backoff.wait(time)
        }
    }

    /// Where it is reached: a jump host also reaches what has no public address.
    private func address(of observed: ObservedInstance) -> String? {
        observed.address ?? (context.definition.ssh.jump == nil ? nil : observed.privateAddress)
    }

    /// "Not there yet" is not "gone": what the cloud lacks so soon after the create proves nothing.
    func isWithinLag(of state: AttemptState) -> Bool {
        let wasSeen = state.spans.contains { $0.phase == "connecting" }
        guard !wasSeen, let created = state.createdAt else { return false }
        return isWithinLag(since: created, of: state)
    }

    /// Tries to log in until it works; the provision clock ends it.
    func connect(_ instance: ReachableInstance, _ control: EffectControl) async throws -> AttemptEvent {
        try await onHost(instance, control) { _ in }
        return .connected
    }

    /// Installs the supervisor, waits for the user's startup script, and brings its output.
    func awaitStartup(_ instance: ReachableInstance, _ control: EffectControl) async throws
        -> AttemptEvent
    {
        let hasScript = context.definition.startupScript != nil
        if hasScript { control.post(.waiting("the startup script")) }
        let ended: StageStatus? = try await onHost(instance, control) { host in
            try await withThrowingTaskGroup(of: StageStatus?.self) { group in
                group.addTask {
                    let said = try await answer(to: supervisor.awaitStartup(), on: host)
                    if let status = StageStatus.parse(said.text) { return status }
                    throw Ends(
                        .stepFailed(
                            Reason(
                                code: "startup-unknown",
                                message: "the instance did not get ready, so the command was not run: \(said.words)")))
                }
                if hasScript {
                    group.addTask {
                        while true {
                            try await time.sleep(for: .seconds(1))
                            try await fetchStartupLog(host)
                        }
                    }
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        }
        if hasScript { try await onHost(instance, control) { try await fetchStartupLog($0) } }
        return .startupEnded(ended?.result ?? .unknown)
    }

    private func fetchStartupLog(_ host: any RemoteHost) async throws {
        let offset = try await onFolder { try await context.folder.length(of: .startup) }
        try await perform(supervisor.startupLog(offset: offset), on: host) { output in
            guard case .stdout(let bytes) = output else { return }
            try await append(bytes, to: .startup)
        }
    }

    /// Streams the frozen code into `~/work`.
    func upload(_ instance: ReachableInstance, _ control: EffectControl) async throws -> AttemptEvent {
        guard let code = context.definition.code else { return .uploaded }
        let (exit, said): (RemoteExit, String) = try await onHost(instance, control) { host in
            let bytes: @Sendable () async throws -> [UInt8]?
            do {
                bytes = try await context.storage.frozenCode(code)
            } catch {
                throw Ends(
                    .stepFailed(
                        Reason(code: "frozen-code", message: "the frozen workdir cannot be read: \(error)")))
            }
            let said = TextCollector()
            let exit = try await host.execute(
                supervisor.upload().command, input: .stream(bytes), options: RemoteOptions(bulk: true)
            ) { said.take($0) }
            guard exit != .unknown else { throw Self.cutOff }
            return (exit, said.all.everything)
        }
        guard exit == .status(0) else {
            return .stepFailed(
                Reason(
                    code: "upload-failed",
                    message: "the workdir could not be unpacked on the instance (\(exit)): \(said)"))
        }
        return .uploaded
    }

    // MARK: Small exchanges

    func append(_ bytes: [UInt8], to log: JobLog) async throws {
        try await onFolder { try await context.folder.append(bytes, to: log) }
        context.observer.logGrew(context.job.id)
    }

    @discardableResult
    func perform(
        _ step: RemoteStep, on host: any RemoteHost, bulk: Bool = false,
        _ onOutput: @escaping @Sendable (RemoteOutput) async throws -> Void
    ) async throws -> RemoteExit {
        try await host.execute(
            step.command, input: step.input.isEmpty ? .none : .bytes(step.input),
            options: RemoteOptions(bulk: bulk),
            onOutput: onOutput)
    }

    /// What a step said in a few lines.
    struct Answer: Sendable {
        var exit: RemoteExit
        fileprivate let said: TextCollector.Said
        /// Standard output.
        var text: String { said.standardOutput }
        /// All that explains a failure: both streams and the exit status.
        var words: String { "its supervisor answered \"\(said.everything.prefix { $0 != "\n" })\" (\(exit))" }
    }

    func answer(to step: RemoteStep, on host: any RemoteHost) async throws -> Answer {
        let said = TextCollector()
        let exit = try await perform(step, on: host) { said.take($0) }
        guard exit != .unknown else { throw Self.cutOff }
        return Answer(exit: exit, said: said.all)
    }

    static let cutOff = RemoteError(
        kind: .connectionLost, message: "the connection ended in the middle of an answer")
}

/// The short text a step answers with; a hostile server's flood is cut off.
final class TextCollector: Sendable {
    struct Said: Sendable {
        fileprivate(set) var output: [UInt8] = []
        fileprivate var error: [UInt8] = []

        var standardOutput: String { String(decoding: output, as: UTF8.self) }

        var everything: String {
            let text = String(decoding: output + error, as: UTF8.self)
            return String(text.drop(while: \.isWhitespace).prefix(2000))
        }
    }

    /// Of each stream.
    private let limit: Int
    private let said = Mutex(Said())

    var all: Said { said.withLock { $0 } }

    init(limit: Int = 64 * 1024) { self.limit = limit }

    func take(_ chunk: RemoteOutput) {
        said.withLock { said in
            switch chunk {
            case .stdout(let bytes): said.output.append(contentsOf: bytes.prefix(limit - said.output.count))
            case .stderr(let bytes): said.error.append(contentsOf: bytes.prefix(limit - said.error.count))
            }
        }
    }
}
