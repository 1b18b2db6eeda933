import MayflyCore

/// What will happen, said before anything is created.
enum PlanText {
    /// Beyond this many jobs each gets one line.
    static let detailedJobs = 3

    static func lines(_ jobs: [JobDefinition], cloud: CloudReference, limit: Int, style: Style) -> [String] {
        let place =
            switch cloud.kind {
            case .local: "the local cloud (instances on this machine)"
            case .genesis: "Genesis Cloud at \(cloud.endpoint)"
            }
        let count = jobs.count == 1 ? "1 job" : "\(jobs.count) jobs, \(min(limit, jobs.count)) at a time,"
        var lines = [style.strong("plan: \(count) on \(place)")]
        for job in jobs {
            lines.append(
                "  \(style.strong(job.name))  \(machine(job))\(jobs.count > detailedJobs ? codeNote(job) : "")")
            guard jobs.count <= detailedJobs else { continue }
            lines.append("    code    \(code(job))")
            lines.append("    clocks  \(clocks(job.timeouts))")
            if let hold = job.onFailure?.hold {
                lines.append("    if it fails: held \(TimeText.limit(hold)) for a look")
            }
            if job.snapshot.when != .never { lines.append("    snapshot \(job.snapshot.when.rawValue)") }
            lines.append("    if all contact is lost: \(lastResort(job))")
        }
        if jobs.count > detailedJobs, let longest = jobs.map(\.life).max() {
            lines.append(
                "  if all contact is lost: each command ends at its run limit and each instance shuts itself down, "
                    + "at the latest \(TimeText.limit(longest + .seconds(1800))) after its creation")
        }
        return lines
    }

    private static func machine(_ job: JobDefinition) -> String {
        let machine = job.machine
        let disk = machine.diskSizeGiB.map { ", \($0) GiB" } ?? ""
        return ControlSequences.line("\(machine.type)\(disk), image \(machine.image), region \(machine.region)")
    }

    private static func codeNote(_ job: JobDefinition) -> String {
        job.code.map { ", code \(SizeText.bytes($0.byteCount))" } ?? ""
    }

    private static func code(_ job: JobDefinition) -> String {
        guard let code = job.code else { return "none (the spec has no workdir)" }
        let files = code.fileCount == 1 ? "1 file" : "\(code.fileCount) files"
        var text = "\(files), \(SizeText.bytes(code.byteCount)), sha256 \(code.sha256.prefix(12))"
        if let commit = code.gitCommit {
            text += ", git \(commit.prefix(12))\(code.gitDirty ? " with uncommitted changes" : "")"
        }
        return text
    }

    private static func clocks(_ timeouts: Timeouts) -> String {
        JobClock.allCases.compactMap { clock in
            timeouts.limit(of: clock).map { "\(clock.rawValue) \(TimeText.limit($0))" }
        }.joined(separator: ", ")
    }

    private static func lastResort(_ job: JobDefinition) -> String {
        let run = TimeText.limit(job.timeouts.run)
        let end = TimeText.limit(job.life + .seconds(1800))
        return "the command ends after \(run), and the instance shuts itself down \(end) after its creation"
    }
}
