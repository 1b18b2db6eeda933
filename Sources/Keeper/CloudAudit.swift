import Adapters
import Logging
package import MayflyCore

/// What the store and a cloud's own listing say about this home's objects, side by side.
package struct AuditReport: Sendable {
    package var lines: [String]
    /// Whether both say the same: nothing leaked, nothing missing.
    package var agrees: Bool
}

package enum CloudAudit {
    /// Lists the clouds first and the store second, so that an instance created meanwhile is not called a stranger.
    /// - Parameter tokens: for Genesis Cloud endpoints; without one its objects are reported as unverifiable.
    package static func run(
        home: MayflyHome, store: any JobStore, tokens: [TokenGrant]
    ) async throws -> AuditReport {
        let vault = Vault()
        await vault.take(tokens: tokens, secrets: [])
        let installation = try await store.installation(fresh: Base32.encode(SystemEntropy().bytes(8)))
        var logger = Logger(label: "audit") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        var report = AuditReport(lines: [], agrees: true)
        let unreadable = try await store.unreadableJobs(.unfinished)
        for job in unreadable {
            report.agrees = false
            report.lines.append(job.advice)
        }
        var clouds: [CloudReference] = []
        for job in try await store.jobs(.all) where !clouds.contains(job.cloud) { clouds.append(job.cloud) }
        for cloud in clouds {
            let place = cloud.kind == .local ? "local cloud" : cloud.endpoint
            let provider = CloudProviders.make(
                for: cloud, home: home, store: store, vault: vault, installation: installation, logger: logger)
            do {
                let all = try await provider.instances(hostnamePrefix: "")
                let own = AttemptIdentity.prefix(of: installation)
                let listed = all.filter { $0.hostname.hasPrefix(own) }
                let jobs = try await store.jobs(.all).filter { $0.cloud == cloud }
                compare(listed, jobs, unreadable, place, &report)
                tellOthers(all.filter { !$0.hostname.hasPrefix(own) }, place, &report)
                if try await !provider.sees(anchor: nil) {
                    report.agrees = false
                    report.lines.append(
                        "\(place): does not show this installation's anchor key: wrong account, or a wiped cloud")
                }
            } catch {
                report.agrees = false
                report.lines.append("\(place): cannot be asked: \(error)")
            }
        }
        if report.lines.isEmpty { report.lines.append("nothing was ever created from this home") }
        return report
    }

    /// What this home has no say in, so that nobody looks for it here.
    private static func tellOthers(_ others: [ObservedInstance], _ place: String, _ report: inout AuditReport) {
        let installations = others.compactMap { AttemptIdentity(hostname: $0.hostname)?.installation }
        for installation in Set(installations).sorted() {
            let count = installations.count { $0 == installation }
            report.lines.append(
                "\(place): \(count) of another installation, \(installation): "
                    + "`mayfly gc --dry-run --from-names --installation \(installation)` says more")
        }
        let foreign = others.count - installations.count
        if foreign > 0 { report.lines.append("\(place): \(foreign) that no job made") }
    }

    private static func compare(
        _ listed: [ObservedInstance], _ jobs: [JobRecord], _ unreadable: [UnreadableJob], _ place: String,
        _ report: inout AuditReport
    ) {
        var expected: [String: JobRecord] = [:]
        var pending = 0
        var awaited: [String: JobRecord] = [:]
        let now = SystemTimekeeper().now().wall
        for job in jobs {
            for attempt in job.attempts where attempt.mayStillArrive(at: now) {
                awaited[attempt.identity.description] = job
            }
            for attempt in job.attempts where !attempt.isDone && attempt.phase != .queued {
                expected[attempt.identity.description] = job
                pending += 1
            }
        }
        for instance in listed {
            if let job = expected.removeValue(forKey: instance.hostname) {
                report.lines.append(
                    "\(place): \(instance.id) \(instance.status.word) belongs to job \(job.id) (\(job.phaseWord))")
            } else if let job = unreadable.first(where: { $0.hostnames.contains(instance.hostname) }) {
                report.lines.append(
                    "\(place): \(instance.id) \(instance.status.word) belongs to job \(job.id), which cannot be read")
            } else if let job = awaited[instance.hostname] {
                report.lines.append(
                    "\(place): \(instance.id) \(instance.status.word) came late, when job \(job.id) had given it up: it is "
                        + "on the watch list, and a keeper destroys it")
            } else {
                report.agrees = false
                report.lines.append(
                    "\(place): \(instance.id) \(instance.name) is \(instance.status.word), but no running job owns it")
            }
        }
        for (hostname, job) in expected.sorted(by: { $0.key < $1.key }) {
            let isBetween = job.attempt.map { $0.phase == .creating || $0.phase.word == "verifying" } ?? false
            if !isBetween { report.agrees = false }
            report.lines.append(
                "\(place): job \(job.id) (\(job.phaseWord)) counts on \(hostname), which the list lacks")
        }
        let gone = jobs.flatMap(\.attempts).flatMap(\.objects).count { $0.kind == .instance && $0.state == .gone }
        let kept = jobs.flatMap(\.attempts).flatMap(\.objects).filter { $0.kind == .snapshot && $0.state == .kept }
        report.lines.append(
            "\(place): \(listed.count) instances listed, \(pending) attempts under way, \(gone) instances proved gone")
        for snapshot in kept {
            report.lines.append("\(place): snapshot \(snapshot.cloudID ?? "?") \(snapshot.name) is kept by wish")
        }
    }
}
