import Adapters
import Foundation
import Glibc
import Keeper
import MayflyCore
import OnInstance
import TreeArchive

/// Brings paths from an instance into a folder beside their destination, and puts them in their places once they are
/// there and verified.
struct DownwardCopy {
    var context: CommandContext
    var isQuiet: Bool
    /// Absolute.
    var destination: String

    func run(_ paths: [String], of job: JobRecord, _ home: MayflyHome) async throws -> Int32 {
        let isFolder = Self.isFolder(destination)
        if paths.count > 1, !isFolder {
            throw CommandError(code: .usage, message: "\(destination) is no folder, which several paths need")
        }
        let parent = isFolder ? destination : (destination as NSString).deletingLastPathComponent
        guard Self.isFolder(parent) else {
            throw CommandError(code: .usage, message: "\(parent) is no folder: make it first")
        }
        let connection = try await JobAccess.connected(to: job, home)
        let meter = TransferMeter(job.title, context: context)
        do {
            var (isComplete, files, bytes) = (true, 0, Int64(0))
            for path in paths {
                let staging = "\(parent)/.mayfly-copy-\(Base32.encode(context.entropy.bytes(8)))"
                defer { try? FileManager.default.removeItem(atPath: staging) }
                let report = try await connection.download(.copy(of: path), to: staging, keepsMetadata: true) {
                    if !isQuiet { meter.report($0) }
                }
                try place(staging, isGlob: path.contains { "*?[".contains($0) }, asFolder: isFolder, path)
                for text in report.skipped { context.console.error(line: "mayfly: \(ControlSequences.line(text))") }
                isComplete = isComplete && report.complete
                files += report.files.count
                bytes += report.files.reduce(0) { $0 + $1.bytes }
            }
            if isQuiet || (files == 0 && !isComplete) {
                meter.clear()
            } else {
                meter.finish("\(job.title): \(files) \(files == 1 ? "file" : "files") to \(destination)", bytes: bytes)
            }
            await connection.close()
            return isComplete ? 0 : ExitCode.outputsMissing
        } catch {
            meter.clear()
            await connection.close()
            throw CopyFailure.of(error, job)
        }
    }

    private func place(_ staging: String, isGlob: Bool, asFolder: Bool, _ path: String) throws {
        let files = FileManager.default
        let items = (try? files.contentsOfDirectory(atPath: staging)) ?? []
        guard asFolder || items.count <= 1 else {
            throw CommandError(
                code: .usage, message: "\(path) leads to \(items.count) paths, which need a folder to go to")
        }
        for item in items.sorted() {
            // What a link was asked for by name arrives under its target's.
            let asked = path.split(separator: "/").last.map(String.init) ?? item
            let name = isGlob || items.count > 1 || [".", "..", "~"].contains(asked) ? item : asked
            let target = asFolder ? "\(destination)/\(name)" : destination
            try Self.move("\(staging)/\(item)", to: target)
        }
    }

    /// Folders that exist are filled, files replaced by a rename.
    private static func move(_ source: String, to target: String) throws {
        if rename(source, target) == 0 { return }
        let number = errno
        guard isFolder(source), isFolder(target), number == ENOTEMPTY || number == EEXIST else {
            throw CommandError(
                code: .usage, message: "\(target) cannot be replaced: \(String(cString: strerror(number)))")
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: source) {
            try move("\(source)/\(name)", to: "\(target)/\(name)")
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
