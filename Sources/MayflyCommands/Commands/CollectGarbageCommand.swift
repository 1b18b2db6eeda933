import ArgumentParser
import GenesisCloud
import Keeper
import MayflyCore

struct CollectGarbageCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Destroys instances of Mayfly's that outlived their time, whoever forgot them.",
        discussion: """
            An instance carries its installation, job, attempt and expiry in its name, so this works with nothing but the \
            API's token, on a machine that never saw the job. The living jobs of this home are left alone. Snapshots, \
            volumes and keys are never touched.
              mayfly gc --dry-run                            what would go, and what stays and why
              mayfly gc --from-names --all-installations     also other homes' and lost ones', past their expiry
            --min-age with --even-if-running takes age for the only test, and so also takes running jobs of living homes.
            Exit codes: 0, 241 when the cloud fails, 249 when something past its time is still there.
            """)

    @OptionGroup var cloud: CloudOptions
    @OptionGroup var confirmation: ConfirmOptions

    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Go by names alone, without this home's records.")
    var fromNames = false

    @Option(help: ArgumentHelp("Whose: eight characters after mf- (default: this home's).", valueName: "id"))
    var installation: String?

    @Flag(help: "Whoever's.")
    var allInstallations = false

    @Option(help: ArgumentHelp("Leave alone what is younger.", valueName: "duration"))
    var minAge: DurationArgument?

    @Flag(help: "With --min-age: its age is enough, the expiry in its name does not count.")
    var evenIfRunning = false

    /// A mistake must not become a massacre.
    private static let most = 200

    mutating func validate() throws {
        if installation != nil && allInstallations {
            throw ValidationError("Name one of --installation and --all-installations.")
        }
        if evenIfRunning && minAge == nil {
            throw ValidationError("--even-if-running needs --min-age DURATION: without it nothing would be too young.")
        }
        if fromNames && installation == nil && !allInstallations {
            throw ValidationError("--from-names needs --installation ID or --all-installations: records are not read.")
        }
    }

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let connection = try await context.connect(cloud)
        let client = connection.client
        // The cloud first, the records second: what is created meanwhile is not taken for a stranger.
        let instances = try await connection.attempt("list the instances") { try await client.listInstances() }
        let findings = try await sweep(context).findings(instances)
        if findings.isEmpty {
            connection.tell("none of \(instances.count) instances is a job's")
            return 0
        }
        try show(findings, context)
        let doomed = Array(findings.filter(\.isRemoved).prefix(Self.most))
        guard !doomed.isEmpty, !dryRun else {
            if doomed.isEmpty { connection.tell("nothing to remove") }
            return 0
        }
        let owners = Set(doomed.map(\.identity.installation)).sorted().joined(separator: ", ")
        let what = doomed.count == 1 ? "1 instance" : "\(doomed.count) instances"
        try context.confirm(
            "This destroys \(what) of installation \(owners)" + (evenIfRunning ? ", running jobs included" : ""),
            confirmation)
        let (gone, left) = try await remove(doomed, client, context)
        let rest = findings.count(where: \.isRemoved) - doomed.count
        connection.tell(
            "\(gone) destroyed and gone" + (left > 0 ? ", \(left) still there" : "")
                + (rest > 0 ? "; \(Self.most) at a time: run it again for the other \(rest)" : ""))
        return left + rest > 0 ? MayflyCore.ExitCode.mayHaveLeaked : 0
    }

    private func sweep(_ context: CommandContext) async throws -> Sweep {
        var owners: [String: JobRecord] = [:]
        var unreadable: [String: JobID] = [:]
        var own: String?
        if !fromNames {
            let home = try context.home(cloud.global)
            if Paths.exists(home.store) {
                let store = try await context.openStore(home)
                own = try await store.installation(fresh: Base32.encode(context.entropy.bytes(8)))
                for job in try await store.jobs(.unfinished) {
                    for attempt in job.attempts where !attempt.isDone { owners[attempt.identity.description] = job }
                }
                for job in try await store.unreadableJobs(.unfinished) {
                    for hostname in job.hostnames { unreadable[hostname] = job.id }
                }
            }
        }
        let scope: Sweep.Scope
        if allInstallations {
            scope = .all
        } else if let id = installation ?? own {
            scope = .installation(id)
        } else {
            throw CommandError(
                code: .usage,
                message: "this home has no records, so it owns nothing: say --installation ID or --all-installations "
                    + "(`mayfly gc --dry-run --from-names --all-installations` lists them)")
        }
        return Sweep(
            scope: scope, now: context.time.now().wall, minAge: minAge?.duration ?? .seconds(600),
            evenIfRunning: evenIfRunning, owners: owners, unreadable: unreadable)
    }

    private func show(_ findings: [Sweep.Finding], _ context: CommandContext) throws {
        var table = Table(header: ["INSTALLATION", "JOB", "ATTEMPT", "INSTANCE", "STATUS", "WHAT", "WHY"])
        for finding in findings {
            let (word, reason) =
                switch finding.verdict {
                case .remove(let reason): ("remove", reason)
                case .keep(let reason): ("keep", reason)
                }
            table.add([
                ControlSequences.line(finding.identity.installation), "\(finding.identity.job)",
                "\(finding.identity.attempt)", ControlSequences.line(finding.instance.id.rawValue),
                "\(finding.instance.status)", word, reason,
            ])
        }
        for line in table.lines() { try context.console.out(line: line) }
    }

    /// Asks for the destruction of all, then waits for each to be gone.
    private func remove(
        _ doomed: [Sweep.Finding], _ client: GenesisCloudClient, _ context: CommandContext
    ) async throws -> (gone: Int, left: Int) {
        var (asked, left): ([Sweep.Finding], Int) = ([], 0)
        func attempt(_ finding: Sweep.Finding, _ work: () async throws -> Void) async {
            do {
                try await work()
            } catch let error as GenesisCloudError {
                left += 1
                let failure = CloudFailure(doing: "destroy \(finding.instance.name)", error: error)
                context.console.error(line: "mayfly: \(failure)")
            } catch {
                left += 1
                context.console.error(line: "mayfly: destroy \(finding.instance.name): \(error)")
            }
        }
        for finding in doomed {
            await attempt(finding) {
                // Looked at again: it may have gone, or the id be another's by now.
                guard let present = try await client.observe(finding.instance.id),
                    present.hostname == finding.instance.hostname
                else { return }
                try await client.destroyInstance(present.id)
                asked.append(finding)
            }
        }
        var gone = 0
        for finding in asked {
            await attempt(finding) {
                try await client.waitUntilGone(finding.instance.id, timeout: .seconds(300))
                gone += 1
            }
        }
        return (gone, left)
    }
}
