import GenesisCloud
import Keeper
import MayflyCore

/// The client of the cloud that a command speaks to.
struct CloudConnection: Sendable {
    var client: GenesisCloudClient
    var kind: CloudReference.Kind
    var context: CommandContext

    /// Runs one operation; its failure is told with what was being done and what to do next.
    /// - Parameters:
    ///   - doing: as in "destroy instance web".
    ///   - next: a next step that fits better than the general one.
    ///   - toFindOut: how to see whether it happened, for operations that are sent only once.
    /// - Throws: ``CloudFailure``, and what else the work throws.
    func attempt<Value>(
        _ doing: String, next: String? = nil, toFindOut: String? = nil, _ work: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await work()
        } catch let error as GenesisCloudError {
            throw CloudFailure(doing: doing, error: error, next: next, toFindOut: toFindOut)
        }
    }

    /// Says what goes on, on stderr.
    func tell(_ text: String) { context.console.error(line: "mayfly: \(ControlSequences.line(text))") }
}

extension CommandContext {
    /// A client of the cloud in force, chosen exactly as for jobs. The local one is started when it is not running.
    /// - Parameters:
    ///   - type: the instance type that is asked for, since a GPU never falls back to the local cloud in a script.
    ///   - creates: whether something that costs may come of it: then this home has used Genesis Cloud.
    /// - Throws: ``CommandError``.
    func connect(_ options: CloudOptions, type: String = "", creates: Bool = false) async throws -> CloudConnection {
        let home = try home(options.global)
        let token = try token(home)
        let decision = try await choice(options, home: home, token: token, type: type).decide()
        if let notice = decision.notice { console.error(line: "mayfly: \(notice)") }
        var configuration = GenesisCloudClient.Configuration()
        if options.traceAPI || isTracing { configuration.observer = RequestTrace(console: console) }
        if creates, decision.kind == .genesis {
            try await openStore(home).setValue("1", for: Submission.usedGenesis)
        }
        let client = try await client(decision.kind, home, token, configuration)
        return CloudConnection(client: client, kind: decision.kind, context: self)
    }

    /// What decides about the cloud, as for jobs.
    func choice(
        _ options: CloudOptions, home: MayflyHome, token: TokenGrant?, type: String = ""
    ) async throws -> CloudChoice {
        let isNamed = options.cloud != nil || variable("MAYFLY_CLOUD") != nil || token != nil
        return CloudChoice(
            flag: options.cloud, variable: variable("MAYFLY_CLOUD"), hasToken: token != nil,
            homeUsedGenesis: isNamed ? false : try await hasUsedGenesis(home),
            wantsGPU: CloudChoice.isGPU(type), hasTerminal: console.stdinIsTerminal && console.stderrIsTerminal)
    }

    /// `MAYFLY_TRACE_API`, or `--trace-api` before the command.
    var isTracing: Bool { variable("MAYFLY_TRACE_API").map { $0 != "0" } ?? false }

    /// Without making a store where there is none.
    func hasUsedGenesis(_ home: MayflyHome) async throws -> Bool {
        guard Paths.exists(home.store) else { return false }
        return try await openStore(home).value(Submission.usedGenesis) != nil
    }

    /// - Throws: ``CommandError``.
    func client(
        _ kind: CloudReference.Kind, _ home: MayflyHome, _ token: TokenGrant?,
        _ configuration: GenesisCloudClient.Configuration
    ) async throws -> GenesisCloudClient {
        do {
            guard kind == .genesis, let token else {
                return try await CloudSession.local(home: home, configuration: configuration)
            }
            return try CloudSession.remote(token, configuration: configuration)
        } catch let error as GenesisCloudError {
            throw CommandError(code: .usage, message: error.message)
        } catch {
            throw CommandError(
                code: .background,
                message: "the local cloud cannot be started: \(error); its log is \(home.localCloudLog)")
        }
    }
}

/// Tells every request on stderr, as the client itself describes it: no token, no body.
struct RequestTrace: RequestObserver {
    var console: Console

    func requestEnded(_ record: RequestRecord) {
        console.error(line: "api: \(ControlSequences.line(record.description))")
    }
}
