import NIOCore
import SSHTransport
import TreeArchive

/// A staging folder on the instance that is filled by SFTP. It ends with the mark by which the supervisor compares each file
/// with what was read here.
struct StagedFiles {
    /// Failures that are the instance's answer, not the connection's end.
    static let refusals: Set<SSHError.Code> = [
        .fileSystemUnavailable, .noSuchFile, .permissionDenied, .fileOperationFailed,
    ]

    private static let piece = 4 << 20
    private let base: [UInt8]
    private let files: SSHFileSystem
    private var sums = TreeSums()
    private var folders: [(path: [UInt8], attributes: SSHFileAttributes)] = []

    init(in folder: [UInt8], _ files: SSHFileSystem) {
        base = folder + [UInt8(ascii: "/")]
        self.files = files
    }

    mutating func add<Content: TreeContent>(
        _ path: [UInt8], _ kind: TreeListing.Kind, permissions: UInt32, modified: Int64,
        of content: @autoclosure () throws -> Content, _ progress: (Int) -> Void = { _ in }
    ) async throws {
        let attributes = SSHFileAttributes(permissions: permissions, modified: modified)
        switch kind {
        case .folder:
            sums.enter(path, permissions: permissions)
            folders.append((path, attributes))
            try await files.makeFolder(base + path, permissions: 0o700)
        case .link(let target):
            try await files.makeLink(base + path, to: target)
        case .file:
            let content = try content()
            try await files.withFile(base + path, .create(permissions: 0o600)) { file in
                var position: UInt64 = 0
                while true {
                    let bytes = try await content.content(upTo: Self.piece)
                    if bytes.isEmpty { break }
                    try await file.write(ByteBuffer(bytes: bytes), at: position)
                    position += UInt64(bytes.count)
                    progress(bytes.count)
                }
                try await file.setAttributes(attributes)
            }
            sums.add(path, permissions: permissions, sum: content.sha256)
        }
    }

    /// Gives folders their own rights and times, now that nothing is made in them any more, and ends with the mark.
    /// - Returns: what the supervisor is to find.
    mutating func finish() async throws -> TreeSums {
        let mark = sums.finish()
        for (path, attributes) in folders.reversed() {
            try await files.setAttributes(attributes, of: base + path)
        }
        try await files.withFile(base + Array(".mayfly-end".utf8), .create(permissions: 0o600)) { file in
            try await file.write(ByteBuffer(bytes: mark), at: 0)
        }
        return sums
    }
}
