import Adapters
import MayflyCore
import OnInstance
import TreeArchive

/// How often one command begins again after its connection was lost. As long as each try brings files that the one before
/// it had not, it goes on.
final class CopyTries {
    private static let pauses: [Duration] = [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8)]
    private var failed = 0
    private var most = 0

    /// How long to wait before the next try; `nil` when enough have failed.
    func nextPause() -> Duration? {
        guard failed < Self.pauses.count else { return nil }
        defer { failed += 1 }
        return Self.pauses[failed]
    }

    /// A try begins with this many files of earlier ones.
    func begins(with kept: Int) {
        if kept > most { failed = 0 }
        most = max(most, kept)
    }

    /// Brings what is asked for into a staging folder. When the connection is lost it stays, else it goes with an error.
    /// - Returns: also the folder that holds it all.
    func download(
        _ request: CollectRequest, into staging: StagingFolder, keepsMetadata: Bool,
        over connection: InstanceConnection, _ meter: TransferMeter
    ) async throws -> (TreeReport, String) {
        do {
            var rounds = 0
            while true {
                rounds += 1
                let stage = try staging.begin()
                begins(with: stage.keptFiles.count)
                let report = try await connection.download(
                    request, into: stage, keepsMetadata: keepsMetadata, meter.report)
                // What an earlier stream brought and is another file now has been dropped: this time it is sent. Files that
                // are never the same twice are named in the end.
                if report.isWhole, report.stale > 0, rounds < 3 { continue }
                return (report, stage.tree)
            }
        } catch let error as RemoteError {
            // Also while the next try is waited for, a signal takes it away.
            throw error
        } catch {
            staging.remove()
            throw error
        }
    }
}

enum CopyFailure {
    static func of(_ error: any Error, _ job: JobRecord) -> any Error {
        switch error {
        case let error as RemoteError:
            CommandError(
                code: .connection,
                message: "\(job.title): \(error.message); run it again: only what has not arrived yet is copied then")
        case let error as InstanceConnection.Refused:
            CommandError(
                code: .incomplete,
                message: "\(job.title): not copied; the instance said: \(ControlSequences.line(error.message))")
        case let error as TreeArchiveError:
            CommandError(code: .usage, message: error.message)
        default: error
        }
    }
}
