import CMayflySys
import Foundation
import Glibc
import MayflyCore

/// The files of a job's earlier attempts, each in a folder of its own beside those of the newest.
enum AttemptFolders {
    /// Moves what lies in a results folder into `attempt-<number>/`, its receipt beside it. Blocking.
    ///
    /// One that was broken off is completed. A keeper that was suspended in here, and wakes up when another has completed it
    /// and leads the next attempt, moves nothing of that one: what it has listed is gone from here by then and never
    /// replaces what is there, and what it lists later is not looked at once the mark of completion is seen.
    /// - Throws: ``FileTrouble``.
    static func setAside(attempt number: Int, receipt: [UInt8], in folder: String) throws {
        let aside = "\(folder)/\(JobRecord.asideFolderName(number))"
        // Listed first, looked for the mark second: see above.
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { !isAside($0) }
        var info = stat()
        let mark = "\(aside)/\(completionMark)"
        if lstat(mark, &info) == 0 { return }
        // At the top there is only the receipt of a job that is over: what lies beside it is its last attempt's.
        guard !names.contains(receiptName) else {
            throw FileTrouble(path: "\(folder)/\(receiptName)", message: "is there: the job is over")
        }
        // The folder comes first: who sees it knows that a log at the top may be the next attempt's.
        try AtomicFile.makeFolder(aside)
        for name in names { try move("\(folder)/\(name)", to: "\(aside)/\(name)") }
        try AtomicFile.write(receipt, to: "\(aside)/\(receiptName)")
        AtomicFile.syncFolder(of: "\(folder)/x")
        try AtomicFile.write([], to: mark)
    }

    /// - Throws: ``FileTrouble``, also when something of that name is there: it is never replaced.
    private static func move(_ path: String, to target: String) throws {
        var error = mayfly_rename_new(path, target)
        if error == EINVAL || error == ENOSYS {
            // A file system that cannot: two steps, then.
            var info = stat()
            guard lstat(target, &info) != 0 else { throw FileTrouble(path: target, message: inTheWay) }
            error = rename(path, target) == 0 ? 0 : errno
        }
        switch error {
        case 0, ENOENT: return
        case EEXIST: throw FileTrouble(path: target, message: inTheWay)
        default:
            errno = error
            throw FileTrouble.system(target)
        }
    }

    private static let inTheWay = "is in the way of a file of the same attempt"

    /// In the folder of an attempt that has been set aside as a whole.
    private static let completionMark = ".set-aside"

    static let receiptName = "receipt.json"

    private static func isAside(_ name: String) -> Bool {
        let head = JobRecord.asideFolderName(0).dropLast()
        return name.hasPrefix(head) && Int(name.dropFirst(head.count)) != nil
    }
}
