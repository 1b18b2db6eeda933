import Crypto
import MayflyCore

/// Results in memory.
actor MemoryStorage: JobStorage {
    private var folders: [JobID: MemoryFolder] = [:]

    private var isFull = false

    /// Lets every folder be refused from now on.
    func setFull(_ full: Bool) { isFull = full }

    func folder(for job: JobRecord) async throws -> any JobFolder {
        if isFull { throw Full() }
        return folder(job.id)
    }

    struct Full: Error, CustomStringConvertible {
        let description = "No space left on device"
    }

    func folder(_ id: JobID) -> MemoryFolder {
        let folder = folders[id] ?? MemoryFolder()
        folders[id] = folder
        return folder
    }

    func frozenCode(_ code: FrozenCode) async throws -> @Sendable () async throws -> [UInt8]? { { nil } }
}

actor MemoryFolder: JobFolder {
    private var logs: [JobLog: [UInt8]] = [:]
    private(set) var receipt: Receipt?
    private(set) var received: [UInt8] = []
    private(set) var blackBox: [UInt8]?

    func text(of log: JobLog) -> String { String(decoding: logs[log] ?? [], as: UTF8.self) }
    func length(of log: JobLog) -> Int64 { Int64(logs[log]?.count ?? 0) }
    func append(_ bytes: [UInt8], to log: JobLog) { logs[log, default: []] += bytes }
    func restart(_ log: JobLog) { logs[log] = [] }
    func write(_ receipt: Receipt) { self.receipt = receipt }
    func write(blackBox: [UInt8]) { self.blackBox = blackBox }

    /// What earlier attempts left, by their numbers.
    private(set) var aside: [Int: (logs: [JobLog: [UInt8]], receipt: Receipt?)] = [:]

    func setAside(attempt number: Int, _ receipt: Receipt) {
        guard aside[number] == nil else { return }
        aside[number] = (logs, receipt)
        (logs, received) = ([:], [])
    }

    func text(of log: JobLog, attempt: Int) -> String {
        String(decoding: aside[attempt]?.logs[log] ?? [], as: UTF8.self)
    }

    func seal(_ log: JobLog, bytes: Int64, sha256: String) -> Bool {
        let content = logs[log] ?? []
        let digest = SHA256.hash(data: content).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
        return content.count == bytes && digest == sha256
    }

    func receiveOutputs() -> any OutputsReceiver {
        received = []
        collections += 1
        return Receiver(folder: self)
    }

    /// How often outputs were asked for.
    private(set) var collections = 0

    /// So many collections from now on do not bring everything.
    func failNextCollections(_ count: Int) { failingCollections = count }
    private var failingCollections = 0

    fileprivate func report() -> OutputsReport {
        guard failingCollections > 0 else { return OutputsReport(complete: true, warnings: []) }
        failingCollections -= 1
        return OutputsReport(complete: false, warnings: ["o/model: cannot be read"], leavesResults: true)
    }

    fileprivate func take(_ bytes: [UInt8]) { received += bytes }

    private struct Receiver: OutputsReceiver {
        let folder: MemoryFolder

        func receive(_ bytes: [UInt8]) async { await folder.take(bytes) }
        func finish() async -> OutputsReport { await folder.report() }
    }
}
