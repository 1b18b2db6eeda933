import Glibc
import MayflyCore
import TreeArchive

/// What `attach --results` does: results that a job has, or brings, also reach another folder. It never goes over anything.
struct ResultsDelivery: Sendable {
    /// Absolute; in it `<name>-<number>/` is made.
    let parent: String
    let console: Console

    private func target(of job: JobRecord) -> String { job.definition.resultsFolder(of: job.id, in: parent) }

    /// Looks whether all can be delivered, before anything is followed; and lets a job whose recorded folder is of no use
    /// deliver here from now on.
    /// - Returns: the jobs as they are then.
    /// - Throws: ``CommandError``.
    func begin(_ jobs: [JobRecord], _ store: any JobStore) async throws -> [JobRecord] {
        let others = jobs.filter { $0.resultsParent != parent }
        try Paths.makeFolder(parent)
        if let words = Paths.unwritable(parent) { throw CommandError(code: .usage, message: "--results \(words)") }
        for job in others where !Self.isFree(target(of: job)) {
            throw CommandError(
                code: .usage,
                message:
                    "\(job.title): \(target(of: job)) is there already and is not overwritten; move it away, or name "
                    + "another folder with --results")
        }
        var now: [JobRecord] = []
        for job in jobs {
            guard job.resultsParent != parent, !job.isFinished, let trouble = Self.trouble(with: job),
                try await store.moveResults(job.id, to: parent)
            else {
                now.append(job)
                continue
            }
            console.error(
                line: "mayfly: \(job.title): delivers to \(target(of: job)) from now on (\(trouble)); what it has "
                    + "delivered before stays where it was")
            now.append(try await store.job(job.id) ?? job)
        }
        return now
    }

    /// Copies what is finished.
    /// - Parameter code: of the jobs, as they ended.
    /// - Returns: the same, unless all went well and a copy could not be made.
    func end(_ jobs: [JobID], _ store: any JobStore, _ code: Int32) async throws -> Int32 {
        var code = code
        for id in jobs {
            guard let job = try await store.job(id), job.resultsParent != parent else { continue }
            guard job.isFinished else {
                console.error(
                    line: "mayfly: \(job.title): not copied to \(parent): it is not over; "
                        + "`mayfly attach \(id) --results` once more")
                continue
            }
            do {
                let count = try await offload { [self] in try copy(job) }
                console.error(line: "\(job.title): copied to \(target(of: job)): \(count) files, verified")
            } catch {
                console.error(line: "mayfly: \(job.title): not copied to \(parent): \(error)")
                if code == 0 { code = ExitCode.outputsMissing }
            }
        }
        return code
    }

    /// All or nothing: the copy gets its name when it is whole. Blocking.
    /// - Throws: ``CommandError``.
    private func copy(_ job: JobRecord) throws -> Int {
        let target = target(of: job)
        let staging = "\(parent)/.mayfly-copy.\(job.definition.name)-\(job.id).\(getpid())"
        FileBytes.remove(Array(staging.utf8))
        defer { FileBytes.remove(Array(staging.utf8)) }
        let report: TreeCopy
        do {
            report = try TreeCopy(of: job.resultsFolder, to: staging)
        } catch {
            throw CommandError(code: .incomplete, message: error.message)
        }
        for text in report.skipped { console.error(line: "mayfly: \(ControlSequences.line(text))") }
        try Self.requireSeals(of: job, report)
        // A folder replaces an empty one and nothing else: whoever made one since keeps what is in it.
        guard rename(staging, target) == 0 else {
            throw CommandError(code: .incomplete, message: "\(target) cannot be made: \(Paths.reason())")
        }
        return report.files.count
    }

    /// Logs that the instance sealed must be what it sealed.
    private static func requireSeals(of job: JobRecord, _ report: TreeCopy) throws {
        for attempt in job.attempts where attempt.logsAreWhole == true {
            guard let sealed = attempt.sealedLogs else { continue }
            let aside = "\(JobRecord.asideFolderName(attempt.number))/"
            for (log, seal) in [(JobLog.stdout, sealed.stdout), (.stderr, sealed.stderr)] where seal.bytes > 0 {
                // The newest attempt's are at the top, until another one is made ready for.
                let isNewest = attempt.number == job.attempt?.number
                let file = report.files[aside + log.fileName] ?? (isNewest ? report.files[log.fileName] : nil)
                guard file?.bytes == seal.bytes, file?.sha256 == seal.sha256 else {
                    throw CommandError(
                        code: .incomplete,
                        message: "\(log.fileName) of attempt \(attempt.number) in \(job.resultsFolder) is not what its "
                            + "instance sealed (\(seal.bytes) bytes, sha256 \(seal.sha256)): it was changed or removed since"
                    )
                }
            }
        }
    }

    /// Whether nothing would be gone over: an empty folder has nothing to lose.
    private static func isFree(_ path: String) -> Bool {
        var info = stat()
        guard lstat(path, &info) == 0 else { return true }
        return info.st_mode & S_IFMT == S_IFDIR && (try? FileBytes.names(in: Array(path.utf8)))?.isEmpty == true
    }

    /// Why the folder on record is of no use, or `nil`. The keeper's own word counts most: a full disk shows only in writing.
    static func trouble(with job: JobRecord) -> String? {
        if let words = job.attempt?.waitingFor ?? job.waitingFor,
            words.hasPrefix(JobRecord.folderTrouble) || words.hasPrefix(JobRecord.receiptTrouble)
        {
            return ControlSequences.line(words)
        }
        let folder = job.resultsFolder
        var info = stat()
        guard stat(folder, &info) == 0 else {
            // It is made when the first attempt begins.
            return job.attempts.isEmpty ? nil : "\(folder) has vanished"
        }
        guard info.st_mode & S_IFMT == S_IFDIR else { return "\(folder) is no folder any more" }
        return access(folder, W_OK | X_OK) == 0 ? nil : "\(folder) cannot be written: \(Paths.reason())"
    }
}
