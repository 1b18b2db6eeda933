internal import Crypto
internal import Glibc

/// Where the files of streams wait until all are there and verified. What a broken stream has brought stays, so that the
/// next one brings the rest only.
///
/// Each stream fills a numbered folder of its own: `tree`, and `arrived`, a journal of the files in it that are whole.
/// What no journal names is never used, and what one names is compared with the instance's SHA-256 before it is. Held by
/// a lock that ends with the process.
public final class TreeStaging: Sendable {
    public let path: String
    private let lock: Int32

    /// More than these are brought anew: the list of them is one request.
    private static let mostKept = 200_000

    /// - Parameter path: made (0700) when it is not there; what stands in it is a broken stream's.
    /// - Returns: `nil` while another process holds it.
    /// - Throws: ``TreeArchiveError``.
    public init?(path: String) throws {
        self.path = path
        while true {
            if mkdir(path, 0o700) != 0, errno != EEXIST { throw DestinationFolder.failed(path, errno) }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if descriptor < 0, errno == ENOENT { continue }
            guard descriptor >= 0 else { throw DestinationFolder.failed(path, errno) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                close(descriptor)
                return nil
            }
            // Its last holder may have removed it in between: then this is another folder's lock.
            var (held, found) = (stat(), stat())
            if fstat(descriptor, &held) == 0, lstat(path, &found) == 0, held.st_ino == found.st_ino {
                lock = descriptor
                return
            }
            close(descriptor)
        }
    }

    deinit { close(lock) }

    /// A name that the same copy has each time, and no other: letters and digits.
    public static func name(of parts: [String]) -> String {
        var hasher = SHA256()
        for part in parts { hasher.update(data: Array(part.utf8) + [0]) }
        return String(hex(hasher.finalize()).prefix(20))
    }

    /// Begins another stream: what earlier ones brought whole is found, the rest of it removed.
    /// - Throws: ``TreeArchiveError``.
    public func begin() throws -> TreeStage {
        let earlier = (FileNames.sorted(in: Array(path.utf8)) ?? [])
            .compactMap { Int(String(decoding: $0, as: UTF8.self)) }.filter { $0 > 0 }.sorted(by: >)
        let filled = earlier.filter { Self.isOwnFolder("\(path)/\($0)") && Self.isOwnFolder("\(path)/\($0)/tree") }
        var kept: [[UInt8]: KeptFile] = [:]
        for number in filled {
            let stage = "\(path)/\(number)"
            for file in ArrivalJournal.read("\(stage)/arrived", of: "\(stage)/tree")
            where kept[file.path] == nil && kept.count < Self.mostKept {
                kept[file.path] = file
            }
        }
        // A file that was cut may be as large as all the rest.
        for number in filled {
            let tree = "\(path)/\(number)/tree"
            Self.visit(Array(tree.utf8), []) { file, absolute in
                if kept[file]?.tree != tree { _ = withPath(absolute) { unlink($0) } }
            }
        }
        let folder = "\(path)/\((earlier.first ?? 0) + 1)"
        guard mkdir(folder, 0o700) == 0 else { throw DestinationFolder.failed(folder, errno) }
        return TreeStage(tree: folder + "/tree", journal: folder + "/arrived", kept: kept)
    }

    /// Not through a link.
    private static func isOwnFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// All that is no folder, without following a link.
    private static func visit(_ folder: [UInt8], _ below: [UInt8], _ body: ([UInt8], [UInt8]) -> Void) {
        let slash = UInt8(ascii: "/")
        for name in FileNames.sorted(in: folder) ?? [] {
            let (absolute, relative) = (folder + [slash] + name, below.isEmpty ? name : below + [slash] + name)
            var status = stat()
            guard withPath(absolute, { lstat($0, &status) }) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                visit(absolute, relative, body)
            } else {
                body(relative, absolute)
            }
        }
    }
}

/// One stream's part of a ``TreeStaging``.
public struct TreeStage: Sendable {
    /// The folder that is filled.
    public let tree: String
    let journal: String
    let kept: [[UInt8]: KeptFile]

    /// What earlier streams brought, in byte order of paths. The sender may leave out what is still the same.
    public var keptFiles: [KeptFile] {
        kept.values.sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }
}
