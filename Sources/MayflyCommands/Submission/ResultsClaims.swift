import Glibc
import MayflyCore
import Synchronization

/// The results folders that a submission has made for itself. Numbers are a home's own, folders are not: another home, or one
/// that was there before, may have results of the same name and number in the same place, and those stay whose they are.
final class ResultsClaims: Sendable {
    private let made = Mutex<[String]>([])

    /// Makes sure that folders can be made there: before the store's transaction, which no file system may hold up.
    /// - Throws: ``CommandError``.
    static func prepare(_ parent: String) throws {
        do {
            try Paths.makeFolder(parent)
        } catch let error as CommandError {
            throw unusable(error.message)
        }
        if let words = Paths.unwritable(parent) { throw unusable(words) }
    }

    /// Makes the folder of the job that would have this number, in a place that is prepared.
    /// - Returns: `false` when something of that name is there: the job takes another number.
    /// - Throws: ``CommandError`` when no folder can be made there at all.
    func claim(_ job: NewJob, _ number: JobID) throws -> Bool {
        let path = job.definition.resultsFolder(of: number, in: job.resultsParent)
        // Only who makes it has it, also when two homes submit at once.
        guard mkdir(path, 0o700) == 0 else {
            if errno == EEXIST { return false }
            throw Self.unusable("the folder \(path) cannot be made: \(Paths.reason()); name another one")
        }
        made.withLock { $0.append(path) }
        return true
    }

    private static func unusable(_ words: String) -> CommandError {
        CommandError(code: .usage, message: "--results: \(words); nothing was submitted")
    }

    /// After a submission that failed. What somebody has put a file into stays.
    func release() {
        for path in made.withLock({ $0 }) { rmdir(path) }
    }
}
