import Foundation
import Glibc
import MayflyCore

/// The files of a job's earlier attempts, each in a folder of its own beside those of the newest.
enum AttemptFolders {
    /// Moves what lies in a results folder into `attempt-<number>/`. Blocking.
    ///
    /// One that was broken off is completed. What is there already is never replaced, except a receipt that is written
    /// anew: two files of one name would mean that another attempt has begun, and nothing of it may be moved.
    /// - Throws: ``FileTrouble``.
    static func setAside(attempt number: Int, in folder: String) throws {
        let aside = "\(folder)/\(JobRecord.asideFolderName(number))"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { !isAside($0) }
        // The folder comes first: who sees it knows that a log at the top may be the next attempt's.
        try AtomicFile.makeFolder(aside)
        for name in names {
            let target = "\(aside)/\(name)"
            var info = stat()
            guard name == receiptName || lstat(target, &info) != 0 else {
                throw FileTrouble(path: target, message: "is in the way of a file of the same attempt")
            }
            guard rename("\(folder)/\(name)", target) == 0 else { throw FileTrouble.system(target) }
        }
        AtomicFile.syncFolder(of: "\(aside)/x")
        AtomicFile.syncFolder(of: "\(folder)/x")
    }

    static let receiptName = "receipt.json"

    private static func isAside(_ name: String) -> Bool {
        let head = JobRecord.asideFolderName(0).dropLast()
        return name.hasPrefix(head) && Int(name.dropFirst(head.count)) != nil
    }
}
