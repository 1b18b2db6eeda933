import Dispatch
import Glibc
import MayflyCore
import TreeArchive

/// A folder in which something arrives before it is put in its place. Goes with the command, also when a signal ends it;
/// stays when the connection is lost or the command is killed, and the same copy finds it again.
final class StagingFolder: @unchecked Sendable {
    // Safe: constant after init; dispatch sources are thread-safe by their own contract.
    private let staging: TreeStaging
    private let sources: [any DispatchSourceSignal]

    /// - Parameters:
    ///   - prefix: what its path begins with; the rest of its name is made from `parts`.
    ///   - parts: by which the same copy is known again. While another command does just that, this one begins anew.
    /// - Throws: ``TreeArchiveError``.
    init(_ prefix: String, for parts: [String], _ context: CommandContext) throws {
        Self.sweep(prefix, context)
        let random = Base32.encode(context.entropy.bytes(8))
        let name = prefix + TreeStaging.name(of: parts)
        guard let staging = try TreeStaging(path: name) ?? TreeStaging(path: "\(name)-\(random)") else {
            throw TreeArchiveError(code: .writeFailed, message: "\(name) is in use by another command")
        }
        self.staging = staging
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // What still arrives meanwhile may make a file anew: once more then.
                for _ in 0..<3 { FileBytes.remove(Array(staging.path.utf8)) }
                _exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    /// The next stream's part.
    func begin() throws -> TreeStage { try staging.begin() }

    func remove() {
        for (source, number) in zip(sources, [SIGINT, SIGTERM, SIGHUP]) {
            source.cancel()
            signal(number, SIG_DFL)
        }
        FileBytes.remove(Array(staging.path.utf8))
    }

    /// What nobody has come back for within a day goes.
    private static func sweep(_ prefix: String, _ context: CommandContext) {
        let cut = prefix.lastIndex(of: "/").map { prefix.index(after: $0) } ?? prefix.startIndex
        let (folder, start) = (Array(prefix[..<cut].utf8), Array(prefix[cut...].utf8))
        let oldest = context.time.now().wall.rawValue / 1000 - 86_400
        for name in FileNames.sorted(in: folder) ?? [] where name.starts(with: start) {
            var status = stat()
            // Our own names only: letters, digits and a dash behind the prefix, as many as they have.
            let rest = name.dropFirst(start.count)
            let isOurs = rest.count >= 20 && rest.allSatisfy { $0.isBase32 || $0 == UInt8(ascii: "-") }
            guard isOurs, withPath(folder + name, { lstat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFDIR,
                Int64(status.st_mtim.tv_sec) < oldest
            else { continue }
            // Held while it goes, so that nobody begins in it.
            guard let held = try? TreeStaging(path: String(decoding: folder + name, as: UTF8.self)) else { continue }
            FileBytes.remove(Array(held.path.utf8))
        }
    }
}

extension UInt8 {
    fileprivate var isBase32: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
