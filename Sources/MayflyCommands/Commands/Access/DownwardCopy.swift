import Adapters
import Glibc
import Keeper
import MayflyCore
import OnInstance
import TreeArchive

/// Brings paths from an instance into a folder beside their destination, and puts them in their places once they are
/// there and verified. Under which names is never the instance's to say.
struct DownwardCopy {
    var context: CommandContext
    var isQuiet: Bool
    /// Absolute.
    var destination: String

    func run(_ paths: [String], of job: JobRecord, _ home: MayflyHome) async throws -> Int32 {
        let isFolder = FileBytes.isFolder(Array(destination.utf8))
        if paths.count > 1, !isFolder {
            throw CommandError(code: .usage, message: "\(destination) is no folder, which several paths need")
        }
        let parent = isFolder ? destination : Paths.normalized("\(destination)/..")
        guard FileBytes.isFolder(Array(parent.utf8)) else {
            throw CommandError(code: .usage, message: "\(parent) is no folder: make it first")
        }
        let meter = TransferMeter(job.title, isQuiet: isQuiet, context: context)
        var (rest, isComplete, files, bytes) = (paths[...], true, 0, Int64(0))
        // One for all tries of a path.
        var begun: StagingFolder?
        return try await JobAccess.copying(with: job, home, meter, context) { connection, tries in
            while let path = rest.first {
                let parts = ["cp", job.attempt?.identity.description ?? "", path, destination]
                let staging = try begun ?? StagingFolder("\(parent)/.mayfly-copy-", for: parts, context)
                begun = staging
                let (report, tree) = try await tries.download(
                    .copy(of: path), into: staging, keepsMetadata: true, over: connection, meter)
                defer { staging.remove() }
                begun = nil
                rest = rest.dropFirst()
                for text in report.skipped { tell(text) }
                isComplete = isComplete && report.complete
                guard report.isWhole else { continue }
                let isAll = try place(tree, asFolder: isFolder, path)
                isComplete = isComplete && isAll
                files += report.files.count
                bytes += report.byteCount
            }
            if files == 0 && !isComplete {
                meter.clear()
            } else {
                meter.finish(
                    "\(job.title): \(files) \(files == 1 ? "file" : "files") to \(destination)", bytes: bytes)
            }
            return isComplete ? 0 : ExitCode.outputsMissing
        }
    }

    private func tell(_ text: String) { context.console.error(line: "mayfly: \(ControlSequences.line(text))") }

    /// - Returns: whether everything that came was asked for.
    private func place(_ tree: String, asFolder: Bool, _ path: String) throws -> Bool {
        let root = Array(tree.utf8)
        let items = try FileBytes.names(in: root)
        let asked = AskedName(path)
        let wanted = items.filter { asked.covers($0, among: items.count) }
        for item in items where !wanted.contains(item) {
            tell("\(String(decoding: item, as: UTF8.self)) was skipped: the instance sent it without being asked")
        }
        guard asFolder || wanted.count <= 1 else {
            throw CommandError(
                code: .usage, message: "\(path) leads to \(wanted.count) paths, which need a folder to go to")
        }
        for item in wanted {
            let folder = Array(destination.utf8)
            let target = asFolder ? folder + [FileBytes.slash] + (asked.name.map { Array($0.utf8) } ?? item) : folder
            try FileBytes.move(root + [FileBytes.slash] + item, to: target)
        }
        return wanted.count == items.count
    }
}

/// What of a path that was asked for may arrive, and under which name.
struct AskedName {
    /// The name to take, whatever the instance calls it; `nil` for a glob and for folders named by dots.
    let name: String?
    private let pattern: String?

    init(_ path: String) {
        let components = path.split(separator: "/").map(String.init)
        pattern = components.first { $0.contains { "*?[".contains($0) } }
        let last = components.last ?? "."
        if last == "." {
            name = components.dropLast().allSatisfy { $0 == "." } ? "work" : nil
        } else {
            name = pattern == nil && last != ".." && last != "~" ? last : nil
        }
    }

    /// - Parameter count: of all that arrived.
    func covers(_ item: [UInt8], among count: Int) -> Bool {
        // A name that exists is meant literally: then one thing arrives.
        guard let pattern else { return count == 1 && (name != nil || item.first != UInt8(ascii: ".")) }
        let bytes = (item + [0]).map { CChar(bitPattern: $0) }
        return fnmatch(pattern, bytes, FNM_PERIOD) == 0 || (count == 1 && item == Array(pattern.utf8))
    }
}
