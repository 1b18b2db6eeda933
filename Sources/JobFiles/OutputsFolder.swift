import Glibc
import MayflyCore
import TreeArchive

/// The outputs of a job as they arrive: in `outputs.partial`, which becomes `outputs` once everything is there. What a
/// broken-off collection had received stays to be looked at until it is collected again.
///
/// Outputs that were collected before (until their instance was held, or by a keeper that died) stay: a file of theirs gives
/// way only to a newer one that was verified, and what is no longer on the instance is still here.
struct OutputsFolder: OutputsReceiver {
    private let arriving: String
    private let place: String
    private let receiver: TreeReceiver

    /// - Parameters:
    ///   - path: the job's results folder.
    ///   - around: what the reading of their instance's bytes is wrapped in.
    init(path: String, around: @escaping @Sendable (() -> Void) -> Void) async throws {
        let arriving = path + "/outputs.partial"
        try await blocking {
            try SmallFiles.removeFolder(arriving)
            try AtomicFile.makeFolder(arriving)
        }
        self.arriving = arriving
        place = path + "/outputs"
        receiver = TreeReceiver(destination: arriving, around: around)
    }

    func receive(_ bytes: [UInt8]) async throws { try await receiver.receive(bytes) }

    func finish() async throws -> OutputsReport {
        let report = try await receiver.finish()
        let (arriving, place) = (arriving, place)
        let kept = try await blocking {
            // A folder replaces an empty one and nothing else.
            if rename(arriving, place) == 0 { return [String]() }
            guard errno == ENOTEMPTY || errno == EEXIST else { throw FileTrouble.system(place) }
            var merge = Merge(unverified: report.unverified)
            try merge.move(Array(arriving.utf8), to: Array(place.utf8), [])
            AtomicFile.syncFolder(of: place + "/x")
            return merge.kept
        }
        return OutputsReport(
            complete: report.complete && kept.isEmpty, warnings: report.skipped + kept,
            leavesResults: report.leavesFiles)
    }

    /// Puts newer files in the place of older ones, by renames: each is the old or the new one at every moment.
    private struct Merge {
        let unverified: Set<[UInt8]>
        /// What could not take its place, in words.
        var kept: [String] = []

        /// - Parameter path: relative to the outputs.
        /// - Throws: ``FileTrouble``.
        mutating func move(_ source: [UInt8], to target: [UInt8], _ path: [UInt8]) throws {
            switch (Self.kind(source), Self.kind(target)) {
            case (_, nil):
                break
            case (S_IFDIR, S_IFDIR):
                guard let names = FileNames.sorted(in: source) else { throw Self.trouble(source) }
                for name in names {
                    let slash = [UInt8(ascii: "/")]
                    try move(
                        source + slash + name, to: target + slash + name, path.isEmpty ? name : path + slash + name)
                }
                // What could not take its place stays in it.
                _ = withPath(source) { rmdir($0) }
                return
            case (S_IFDIR, _), (_, S_IFDIR):
                let name = String(decoding: path, as: UTF8.self)
                kept.append("\(name) is a folder once and a file once: the later one is in outputs.partial")
                return
            default:
                // What was delivered whole is not given for what nobody could verify.
                if unverified.contains(path) { return }
            }
            let code = withPath(source) { from in withPath(target) { rename(from, $0) } }
            guard code == 0 else { throw Self.trouble(target) }
        }

        private static func kind(_ path: [UInt8]) -> mode_t? {
            var info = stat()
            return withPath(path) { lstat($0, &info) } == 0 ? info.st_mode & S_IFMT : nil
        }

        private static func trouble(_ path: [UInt8]) -> FileTrouble {
            FileTrouble.system(String(decoding: path, as: UTF8.self))
        }
    }
}
