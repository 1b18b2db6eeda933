import MayflyCore

/// The results folders on the keeper's host, shared by all its lives.
final class ResultsDisk: @unchecked Sendable {
    final class Folder: @unchecked Sendable {
        var logs: [JobLog: LogFile] = [:]
        var outputs: [UInt8]?
        var receipt: Receipt?
        /// What earlier attempts left, by their numbers.
        var aside: [Int: Aside] = [:]
    }

    struct Aside {
        var logs: [JobLog: LogFile]
        var outputs: [UInt8]?
    }

    /// A file that a renamed one still is for whoever has it open.
    final class LogFile: @unchecked Sendable {
        var bytes: [UInt8] = []
        /// So much survives a power loss.
        var durable = 0
    }

    /// The host lost its power: of what was never synced, the length is there and the content is not.
    func losePower() {
        for file in written where file.durable < file.bytes.count {
            for index in file.durable..<file.bytes.count { file.bytes[index] = 0 }
        }
    }

    private var written: [LogFile] = []

    func newLog() -> LogFile {
        let file = LogFile()
        written.append(file)
        return file
    }

    private var folders: [JobID: Folder] = [:]

    func folder(_ job: JobID) -> Folder {
        if let folder = folders[job] { return folder }
        let folder = Folder()
        folders[job] = folder
        return folder
    }
}

struct SimulatedStorage: JobStorage {
    let keeper: KeeperProcess

    func folder(for job: JobRecord) async throws -> any JobFolder {
        try await keeper.pass()
        return SimulatedFolder(keeper: keeper, job: job.id, disk: keeper.world.results.folder(job.id))
    }

    func frozenCode(_ code: FrozenCode) async throws -> @Sendable () async throws -> [UInt8]? {
        try await keeper.pass()
        return { nil }
    }
}

/// One keeper's handle on a job's results. Every log is written where this keeper knows it to end, so that two keepers
/// that follow the same log by accident write the same bytes to the same places.
final class SimulatedFolder: JobFolder, @unchecked Sendable {
    private let keeper: KeeperProcess
    private let job: JobID
    private let disk: ResultsDisk.Folder
    private var open: [JobLog: Log] = [:]

    private final class Log {
        let file: ResultsDisk.LogFile
        var length: Int

        init(_ file: ResultsDisk.LogFile) {
            self.file = file
            length = file.bytes.count
        }

        func write(_ bytes: ArraySlice<UInt8>) {
            let shared = min(bytes.count, file.bytes.count - length)
            if shared > 0 {
                file.bytes.replaceSubrange(length..<length + shared, with: bytes.prefix(shared))
            }
            file.bytes += bytes.dropFirst(max(0, shared))
        }
    }

    init(keeper: KeeperProcess, job: JobID, disk: ResultsDisk.Folder) {
        self.keeper = keeper
        self.job = job
        self.disk = disk
    }

    private func log(_ log: JobLog) -> Log {
        if let known = open[log] { return known }
        let file = disk.logs[log] ?? keeper.world.results.newLog()
        disk.logs[log] = file
        let handle = Log(file)
        open[log] = handle
        return handle
    }

    func length(of log: JobLog) async throws -> Int64 {
        try await keeper.pass()
        return Int64(self.log(log).length)
    }

    func append(_ bytes: [UInt8], to log: JobLog) async throws {
        let handle = self.log(log)
        let job = Int(job.rawValue) - 1
        let world = keeper.world
        try await keeper.effect(
            "folder.append", job,
            torn: {
                handle.write(bytes.prefix(bytes.count / 2))
            }
        ) {
            handle.write(bytes[...])
            handle.length += bytes.count
            world.check.grew(log, of: job, at: handle.length - bytes.count, by: bytes)
        }
    }

    func restart(_ log: JobLog) async throws {
        let damaged = self.log(log).file
        open[log] = nil
        try await keeper.effect("folder.restart", Int(job.rawValue)) { [disk] in
            if disk.logs[log] === damaged { disk.logs[log] = nil }
        }
    }

    func seal(_ log: JobLog, bytes: Int64, sha256: String) async throws -> Bool {
        try await keeper.pass()
        let handle = self.log(log)
        handle.file.durable = handle.file.bytes.count
        return Int64(handle.length) == bytes && Digest.hex(handle.file.bytes) == sha256
    }

    func receiveOutputs() async throws -> any OutputsReceiver {
        try await keeper.pass()
        return Receiver(keeper: keeper, disk: disk, job: Int(job.rawValue))
    }

    func write(_ receipt: Receipt) async throws {
        try await keeper.effect("folder.receipt", Int(job.rawValue)) { [disk] in disk.receipt = receipt }
    }

    func setAside(attempt number: Int, _ receipt: Receipt) async throws {
        open = [:]
        try await keeper.effect("folder.aside", Int(job.rawValue)) { [disk] in
            guard disk.aside[number] == nil, disk.receipt == nil else { return }
            disk.aside[number] = ResultsDisk.Aside(logs: disk.logs, outputs: disk.outputs)
            (disk.logs, disk.outputs) = ([:], nil)
        }
    }

    func write(blackBox: [UInt8]) async throws { try await keeper.pass() }

    private final class Receiver: OutputsReceiver, @unchecked Sendable {
        private let keeper: KeeperProcess
        private let disk: ResultsDisk.Folder
        private let job: Int
        private var received: [UInt8] = []

        init(keeper: KeeperProcess, disk: ResultsDisk.Folder, job: Int) {
            self.keeper = keeper
            self.disk = disk
            self.job = job
        }

        func receive(_ bytes: [UInt8]) async throws { received += bytes }

        func finish() async throws -> OutputsReport {
            let body = Array(received.dropFirst(8).dropLast(8))
            func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
            guard received.count >= 16, number(received.prefix(8)) == UInt64(body.count),
                number(received.suffix(8)) == Digest.of(body)
            else { return OutputsReport(complete: false, warnings: ["the stream is damaged"], leavesResults: true) }
            try await keeper.effect("folder.outputs", job) { [disk] in disk.outputs = body }
            return OutputsReport(complete: true, warnings: [])
        }
    }
}
