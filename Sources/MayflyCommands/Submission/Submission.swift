import JobSpec
import Keeper
import MayflyCore

/// From specs to stored jobs with a keeper at work: nothing is created before all of it is known to be right.
struct Submission {
    var options: RunOptions
    var context: CommandContext
    /// Whether somebody follows, so that a question makes sense.
    var json = false

    /// Jobs in the store, in the order of the specs.
    struct Submitted {
        var home: MayflyHome
        var store: any JobStore
        var jobs: [JobRecord]
        var tokens: [TokenGrant]
        var secrets: [SecretGrant]
        var client: KeeperClient
    }

    /// - Parameter willStore: runs just before the jobs are stored: from then on a signal must not end the client.
    /// - Throws: ``CommandError``.
    func submit(willStore: () -> Void = {}) async throws -> Submitted {
        var definitions = try load()
        let home = try context.home(options.global)
        let store = try await context.openStore(home)
        let token = try context.token(home)
        let cloud = try await chooseCloud(definitions.map(\.definition), store: store, token: token)
        let resolver = SecretResolver(environment: context.environment)
        var secrets: [[EnvironmentVariable]] = []
        for entry in definitions { secrets.append(try await resolver.values(of: entry.definition)) }
        try await freeze(&definitions, home: home)
        let parent = context.absolute(options.results ?? "results")
        try ResultsClaims.prepare(parent)
        let jobs = definitions.map(\.definition)
        let limit = options.jobs ?? jobs.count
        for line in PlanText.lines(jobs, cloud: cloud, limit: limit, style: context.errorStyle) {
            context.console.error(line: line)
        }
        try confirm(cloud)

        // Started before anything is stored: if they cannot live here, nothing has happened yet.
        let client = try await start(cloud, home: home)
        // All of them: the keeper that is spoken to may have taken over jobs of another cloud from an older build.
        let tokens = try context.allTokens(home)
        let submission = Base32.encode(context.entropy.bytes(12))
        let now = context.time.now().wall
        if cloud.kind == .genesis { try await store.setValue("1", for: Self.usedGenesis) }
        willStore()
        let claims = ResultsClaims()
        let numbers: [JobID]
        do {
            numbers = try await store.submit(
                jobs.map {
                    NewJob(
                        definition: $0, cloud: cloud, resultsParent: parent, submission: submission,
                        submissionLimit: limit, submittedAt: now)
                }, accepting: claims.claim)
        } catch {
            claims.release()
            throw error
        }
        let grants = zip(numbers, secrets).filter { !$1.isEmpty }.map { SecretGrant(job: $0, values: $1) }
        let supplied = try await supply(client, of: home, tokens: tokens, secrets: grants, for: numbers)
        var records: [JobRecord] = []
        for number in numbers {
            if let record = try await store.job(number) { records.append(record) }
        }
        return Submitted(
            home: home, store: store, jobs: records, tokens: tokens, secrets: grants, client: supplied)
    }

    /// The jobs are stored by now, whatever becomes of the keeper.
    private func supply(
        _ client: KeeperClient, of home: MayflyHome, tokens: [TokenGrant], secrets: [SecretGrant], for jobs: [JobID]
    ) async throws -> KeeperClient {
        do {
            return try await Background.supply(client, of: home, tokens: tokens, secrets: secrets)
        } catch {
            let names = jobs.map { "\($0)" }
            throw CommandError(
                code: .background,
                message: "\(jobs.count == 1 ? "job" : "jobs") \(names.joined(separator: ", ")): stored, but no keeper "
                    + "took over: \(error); `mayfly attach \(names.joined(separator: " "))` starts one")
        }
    }

    /// The store's note that this home has sent jobs to Genesis Cloud.
    static let usedGenesis = "used-genesis"

    private typealias Entry = (definition: JobDefinition, workdir: String?)

    private func load() throws -> [Entry] {
        let loader = try SpecLoader(
            context: context, environment: options.environment, overrides: options.set)
        let loaded = try loader.load(options.specs)
        guard loaded.problems.isEmpty else {
            for problem in loaded.problems { context.console.error(line: problem) }
            throw CommandError(code: .badSpec, message: "")
        }
        for warning in loaded.warnings { context.console.error(line: "warning: \(warning)") }
        return loaded.specs.map { spec in
            var definition = spec.definition
            definition.extraArguments += context.extraArguments
            return (definition, spec.workdir)
        }
    }

    private func freeze(_ entries: inout [Entry], home: MayflyHome) async throws {
        var freezer = Freezer(home: home)
        for index in entries.indices {
            guard let workdir = entries[index].workdir else { continue }
            entries[index].definition.code = try await freezer.freeze(workdir) {
                context.console.error(line: "mayfly: \($0)")
            }
        }
    }

    private func chooseCloud(
        _ jobs: [JobDefinition], store: any JobStore, token: TokenGrant?
    ) async throws -> CloudReference {
        let choice = CloudChoice(
            flag: options.cloud, variable: context.variable("MAYFLY_CLOUD"), hasToken: token != nil,
            homeUsedGenesis: try await store.value(Self.usedGenesis) != nil,
            wantsGPU: jobs.contains { CloudChoice.isGPU($0.machine.type) },
            hasTerminal: context.console.stdinIsTerminal && context.console.stderrIsTerminal)
        let decision = try choice.decide()
        if let notice = decision.notice { context.console.error(line: "mayfly: \(notice)") }
        return CloudReference(
            kind: decision.kind, endpoint: decision.kind == .genesis ? try context.endpoint() : "")
    }

    /// Asks where money is at stake and somebody is there to answer.
    private func confirm(_ cloud: CloudReference) throws {
        let console = context.console
        guard cloud.kind == .genesis, !options.yes, !json, console.stdinIsTerminal, console.stderrIsTerminal else {
            return
        }
        console.error(Array("create these instances? [Y/n] ".utf8))
        let answer = readLine()?.lowercased()
        guard let answer, ["", "y", "yes"].contains(answer) else {
            throw CommandError(code: .declined, message: "nothing was created")
        }
    }

    private func start(_ cloud: CloudReference, home: MayflyHome) async throws -> KeeperClient {
        async let local: Void = cloud.kind == .local ? Processes.ensureLocalCloud(home: home) : ()
        async let keeper = Processes.ensureKeeper(home: home)
        do {
            try await local
        } catch {
            if let client = try? await keeper { await client.close() }
            throw CommandError(
                code: .background,
                message: "the local cloud cannot be started: \(error); its log is "
                    + "\(home.localCloudLog); nothing was created")
        }
        do {
            return try await keeper
        } catch {
            throw CommandError(
                code: .background,
                message: "the keeper cannot be started: \(error); its log is "
                    + "\(home.keeperLog); nothing was created")
        }
    }
}
