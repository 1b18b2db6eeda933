import Glibc
package import MayflyCore

/// Results folders and frozen code on this host's file system.
package struct LocalStorage: JobStorage {
    private let blobPath: @Sendable (String) -> String
    private let around: @Sendable (String) -> @Sendable (() -> Void) -> Void

    /// - Parameters:
    ///   - blobPath: the path of the frozen tree with this SHA-256.
    ///   - around: what the unpacking of a machine's outputs is wrapped in, by its hostname.
    package init(
        blobPath: @escaping @Sendable (String) -> String,
        around: @escaping @Sendable (String) -> @Sendable (() -> Void) -> Void = { _ in { $0() } }
    ) {
        self.blobPath = blobPath
        self.around = around
    }

    package func folder(for job: JobRecord) async throws -> any JobFolder {
        let path = job.resultsFolder
        let parent = job.resultsParent
        try await blocking {
            try AtomicFile.makeFolder(path)
            Self.pointLatest(in: parent, to: path)
        }
        // Outputs are received in a folder that was asked for at that moment, so this is the attempt that sends them.
        guard let attempt = job.attempt else { return ResultsFolder(path: path) { $0() } }
        return ResultsFolder(path: path, around: around(attempt.identity.description))
    }

    package func frozenCode(_ code: FrozenCode) async throws -> @Sendable () async throws -> [UInt8]? {
        let path = blobPath(code.sha256)
        let file = try await blocking { try BlobFile(path: path, expected: code.byteCount) }
        return { try await blocking { try file.next() } }
    }

    /// `latest` links to the newest results. Only ever replaces a link; a failure costs comfort, not results.
    private static func pointLatest(in parent: String, to path: String) {
        let link = parent + "/latest"
        var info = stat()
        if lstat(link, &info) == 0, info.st_mode & S_IFMT != S_IFLNK { return }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let temporary = "\(parent)/.latest-\(name)"
        unlink(temporary)
        guard symlink(name, temporary) == 0 else { return }
        if rename(temporary, link) != 0 { unlink(temporary) }
    }
}

/// A frozen tree being read. Its single reader asks for one chunk after the other.
private final class BlobFile: @unchecked Sendable {
    private let descriptor: Int32
    private let path: String
    private static let chunk = 1 << 20

    init(path: String, expected: Int64) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        self.path = path
        guard descriptor >= 0 else { throw FileTrouble.system(path) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, Int64(info.st_size) == expected else {
            close(descriptor)
            throw FileTrouble(path: path, message: "the frozen workdir is not as long as when it was submitted")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func next() throws -> [UInt8]? {
        var failure: FileTrouble?
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, count in
            let got = read(descriptor, buffer.baseAddress, Self.chunk)
            if got < 0 { failure = FileTrouble.system(path) }
            count = max(0, got)
        }
        if let failure { throw failure }
        return bytes.isEmpty ? nil : bytes
    }
}
