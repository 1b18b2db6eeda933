import Foundation
import Glibc
import MayflyCore
import NIOPosix
import TreeArchive

/// A job's results folder on this host: `outputs/`, the logs, `receipt.json`.
actor ResultsFolder: JobFolder {
    private let path: String
    private let around: @Sendable (() -> Void) -> Void
    private var logs: [JobLog: LogBox] = [:]

    /// - Parameters:
    ///   - path: exists already.
    ///   - around: what the unpacking of its instance's outputs is wrapped in.
    init(path: String, around: @escaping @Sendable (() -> Void) -> Void) {
        self.path = path
        self.around = around
    }

    func length(of log: JobLog) async throws -> Int64 {
        let box = try await open(log)
        return try await blocking { box.file.length }
    }

    func append(_ bytes: [UInt8], to log: JobLog) async throws {
        let box = try await open(log)
        try await blocking {
            try box.requireItsPlace()
            try box.file.append(bytes)
        }
    }

    func restart(_ log: JobLog) async throws {
        let damaged = damagedPath(log)
        let path = path + "/" + log.fileName
        let box = logs.removeValue(forKey: log)
        try await blocking {
            // Another keeper may have fetched it again since, and its instance be gone.
            if let box, !box.file.isInPlace { return }
            guard rename(path, damaged) == 0 || errno == ENOENT else { throw FileTrouble.system(path) }
        }
    }

    private func damagedPath(_ log: JobLog) -> String { "\(path)/\(log.fileName).damaged" }

    func seal(_ log: JobLog, bytes: Int64, sha256: String) async throws -> Bool {
        let box = try await open(log)
        let damaged = damagedPath(log)
        return try await blocking {
            try box.requireItsPlace()
            let digest = try box.file.digest()
            guard box.file.length == bytes, digest == sha256 else { return false }
            unlink(damaged)
            AtomicFile.syncFolder(of: damaged)
            return true
        }
    }

    func receiveOutputs() async throws -> any OutputsReceiver {
        try await OutputsFolder(path: path, around: around)
    }

    func write(_ receipt: Receipt) async throws {
        let bytes = try Self.encoded(receipt)
        let path = path + "/\(AttemptFolders.receiptName)"
        try await blocking { try AtomicFile.write(bytes, to: path) }
    }

    private static func encoded(_ receipt: Receipt) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(receipt)) + [UInt8(ascii: "\n")]
    }

    func setAside(attempt number: Int, _ receipt: Receipt) async throws {
        logs = [:]
        let bytes = try Self.encoded(receipt)
        let path = path
        try await blocking { try AttemptFolders.setAside(attempt: number, receipt: bytes, in: path) }
    }

    func write(blackBox: [UInt8]) async throws {
        let path = path + "/blackbox.txt"
        try await blocking { try AtomicFile.write(blackBox, to: path) }
    }

    /// Logs are opened when first written to, so that an empty `setup.log` means that setup ran and said nothing.
    private func open(_ log: JobLog) async throws -> LogBox {
        if let box = logs[log] { return box }
        let path = path + "/" + log.fileName
        let box = try await blocking { try LogBox(AppendFile(path: path), path: path) }
        if let box = logs[log] { return box }
        logs[log] = box
        return box
    }
}

/// Carries an open log to the thread pool. The folder's callers append to one log one after the other.
private final class LogBox: @unchecked Sendable {
    var file: AppendFile
    private let path: String

    init(_ file: consuming AppendFile, path: String) {
        self.file = file
        self.path = path
    }

    /// - Throws: ``FileTrouble`` when somebody has removed the file, so that it is fetched again rather than lost.
    func requireItsPlace() throws {
        if file.hasVanished { throw FileTrouble(path: path, message: "was removed while it was written") }
    }
}

/// Runs blocking work off the cooperative pool.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive(body)
}
