import Adapters
import GenesisCloud
import Glibc
import Keeper
import MayflyCore
import Subprocess
import Synchronization

/// Looks at everything, changes nothing but what a command in its place would: it makes the home folder, and starts the
/// local cloud only where that was named.
struct DoctorGathering {
    var context: CommandContext
    var options: CloudOptions

    private static let tools = ["sshd", "ssh-keygen", "bwrap", "unshare", "mount"]

    func gather() async -> DoctorFacts {
        var facts = DoctorFacts(
            home: DoctorFacts.Home(path: ""), token: DoctorFacts.Token(endpoint: Endpoint.genesisCloud),
            background: BackgroundFacts(), build: Build.id, tools: Self.found(context.variable("PATH") ?? ""),
            isRoot: geteuid() == 0,
            ssh: DoctorFacts.SSHLibrary(version: BackgroundFacts.sshLibrary, package: await Self.package()))
        do {
            let home = try context.home(options.global)
            facts.home = Self.look(at: home)
            let grant = token(home, &facts)
            await choose(home, grant, &facts)
            facts.background = await BackgroundFacts.look(home: home)
        } catch {
            facts.home.trouble = "\(error)"
        }
        return facts
    }

    private func token(_ home: MayflyHome, _ facts: inout DoctorFacts) -> TokenGrant? {
        do {
            facts.token.endpoint = try context.endpoint()
            let grant = try context.token(home)
            if grant != nil {
                facts.token.source =
                    context.variable("GENESISCLOUD_TOKEN") == nil ? home.credentials : "GENESISCLOUD_TOKEN"
            }
            return grant
        } catch {
            facts.token.trouble = "\(error)"
            return nil
        }
    }

    private func choose(_ home: MayflyHome, _ grant: TokenGrant?, _ facts: inout DoctorFacts) async {
        // Its own trouble is reported already; a choice without it would say the same again.
        if facts.token.trouble != nil, options.cloud != .local { return }
        do {
            let decision = try await context.choice(options, home: home, token: grant).decide()
            facts.cloud = decision.kind
            facts.isFallback = decision.notice != nil
            // A local cloud that nobody named is not started just to be asked.
            if facts.isFallback { return }
            facts.proxy = Self.proxy(context.environment)
            facts.probe = await probe(decision.kind, home, grant)
        } catch {
            facts.choiceTrouble = "\(error)"
        }
    }

    private func probe(_ kind: CloudReference.Kind, _ home: MayflyHome, _ grant: TokenGrant?) async -> DoctorFacts.Probe
    {
        let witness = Witness(time: context.time, trace: options.traceAPI || context.isTracing ? context.console : nil)
        var configuration = GenesisCloudClient.Configuration()
        configuration.requestTimeout = .seconds(10)
        configuration.operationTimeout = .seconds(15)
        configuration.retry.maximumAttempts = 1
        configuration.observer = witness
        var probe = DoctorFacts.Probe(endpoint: grant?.endpoint ?? "", isLoopback: kind == .local)
        do {
            let client = try await context.client(kind, home, grant, configuration)
            probe.endpoint = client.endpoint.description
            probe.isLoopback = client.endpoint.isLoopback
            for try await _ in client.sshKeys().pages { break }
        } catch let error as GenesisCloudError {
            probe.error = error
        } catch {
            probe.error = GenesisCloudError(code: .connection, message: "\(error)")
        }
        if let seen = witness.last {
            probe.duration = seen.record.duration
            probe.serverTime = seen.record.serverDate.flatMap(HTTPDate.parse)
            probe.localTime = seen.at
        }
        return probe
    }

    private static func look(at home: MayflyHome) -> DoctorFacts.Home {
        var facts = DoctorFacts.Home(path: home.root)
        var status = stat()
        if stat(home.root, &status) == 0 {
            facts.mode = status.st_mode & 0o7777
            facts.isOwn = status.st_uid == geteuid()
        }
        facts.isWritable = access(home.root, R_OK | W_OK | X_OK) == 0
        var volume = statvfs()
        if statvfs(home.root, &volume) == 0 {
            facts.freeBytes = Int64(clamping: UInt64(volume.f_bavail) &* UInt64(volume.f_frsize))
        }
        return facts
    }

    /// sshd is often only where ordinary users do not look.
    private static func found(_ path: String) -> Set<String> {
        let folders = path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
        return Set(tools.filter { tool in folders.contains { access("\($0)/\(tool)", X_OK) == 0 } })
    }

    /// The variable that is used for HTTPS, as curl and the client choose it.
    static func proxy(_ environment: [String: String]) -> DoctorFacts.Proxy? {
        for variable in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            guard let value = environment[variable], !value.isEmpty else { continue }
            let bare = value.split(separator: "://", maxSplits: 1).last ?? ""
            // A login in it is nobody's business.
            let address = bare.split(separator: "@").last.map { $0.prefix { $0 != "/" } } ?? ""
            return DoctorFacts.Proxy(variable: variable, address: address.isEmpty ? nil : String(address))
        }
        return nil
    }

    /// The Debian or Ubuntu package that the library is of; `nil` elsewhere.
    private static func package() async -> String? {
        let result = try? await Subprocess.run(
            .name("dpkg-query"),
            arguments: ["-W", "-f", "${db:Status-Status} ${Version}\n", "libssh2-1", "libssh2-1t64"],
            output: .string(limit: 4096), error: .discarded)
        let lines = (result?.standardOutput ?? "").split(separator: "\n")
        return lines.first { $0.hasPrefix("installed ") }.map { String($0.dropFirst("installed ".count)) }
    }
}

/// Remembers the last request, and when it ended.
private final class Witness: RequestObserver {
    private let state = Mutex<(record: RequestRecord, at: WallTime)?>(nil)
    private let time: any Timekeeper
    private let trace: Console?

    init(time: any Timekeeper, trace: Console?) {
        self.time = time
        self.trace = trace
    }

    var last: (record: RequestRecord, at: WallTime)? { state.withLock { $0 } }

    func requestEnded(_ record: RequestRecord) {
        let now = time.now().wall
        state.withLock { $0 = (record, now) }
        if let trace { RequestTrace(console: trace).requestEnded(record) }
    }
}
