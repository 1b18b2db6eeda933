import Glibc
import MayflyCore
import TreeArchive

/// The outputs of a job as they arrive: in `outputs.partial`, which becomes `outputs` once everything is there. What a
/// broken-off collection had received stays to be looked at until it is collected again.
struct OutputsFolder: OutputsReceiver {
    private let arriving: String
    private let place: String
    private let receiver: TreeReceiver

    /// - Parameter path: the job's results folder.
    init(path: String) async throws {
        let arriving = path + "/outputs.partial"
        try await blocking {
            try SmallFiles.removeFolder(arriving)
            try AtomicFile.makeFolder(arriving)
        }
        self.arriving = arriving
        place = path + "/outputs"
        receiver = TreeReceiver(destination: arriving)
    }

    func receive(_ bytes: [UInt8]) async throws { try await receiver.receive(bytes) }

    func finish() async throws -> OutputsReport {
        let report = try await receiver.finish()
        let (arriving, place) = (arriving, place)
        try await blocking {
            try SmallFiles.removeFolder(place)
            guard rename(arriving, place) == 0 else { throw FileTrouble.system(place) }
        }
        return OutputsReport(
            complete: report.complete, warnings: report.skipped, leavesResults: report.leavesFiles)
    }
}
