import MayflyCore
import NIOCore
import OnInstance
import SSHTransport
import TreeArchive

/// To an instance without `tar`: file by file, by SFTP, into a staging folder from which the supervisor verifies and places.
extension InstanceConnection {
    private static let piece = 4 << 20

    /// Like an upload of one stream, in what arrives and what is verified; holes are filled. Begins anew each time.
    func uploadFiles(
        _ paths: [String], to path: String, token: String, key: String, _ progress: @escaping Report
    ) async throws -> Sent {
        let listing = try await TreeListing.of(paths)
        let place = Words()
        let exit = try await execute(supervisor.stage(at: path, key: key), window: 1 << 17) { await place.take($0) }
        guard exit != .unknown else { throw Self.cutOff }
        let said = await place.text
        guard exit == .status(0), said.hasPrefix("staging /") else { throw Refused(message: said) }
        let folder = Array(said.utf8.dropFirst("staging ".utf8.count))
        var sums = TreeSums()
        do {
            sums = try await connection.withFileSystem(window: 1 << 20) { files in
                try await Self.fill(folder, with: listing, files, progress)
            }
        } catch let error as SSHError where Self.refusals.contains(error.code) {
            throw Refused(message: "\(error.message) (it has no tar, and was sent files by SFTP)")
        } catch let error as SSHError {
            throw RemoteError(error)
        }
        let words = Words()
        let taken = try await execute(supervisor.takeStaged(at: path, token: token, key: key), window: 1 << 17) {
            await words.take($0)
        }
        guard taken != .unknown else { throw Self.cutOff }
        guard taken == .status(0) else { throw Refused(message: await words.text) }
        return try Sent(
            warnings: listing.warnings, listed: sums.count, unreadable: sums.unreadable,
            verified: await words.verified)
    }

    private static let refusals: Set<SSHError.Code> = [
        .fileSystemUnavailable, .noSuchFile, .permissionDenied, .fileOperationFailed,
    ]

    private static func fill(
        _ folder: [UInt8], with listing: TreeListing, _ files: SSHFileSystem, _ progress: Report
    ) async throws -> TreeSums {
        let base = folder + [UInt8(ascii: "/")]
        var sums = TreeSums()
        for item in listing.items {
            switch item.kind {
            case .folder:
                sums.enter(item.path, permissions: item.permissions)
                try await files.makeFolder(base + item.path, permissions: 0o700)
            case .link(let target):
                try await files.makeLink(base + item.path, to: target)
            case .file:
                let source = try ListedFile(item)
                try await files.withFile(base + item.path, .create(permissions: 0o600)) { file in
                    var position: UInt64 = 0
                    while true {
                        let bytes = try await source.next(upTo: piece)
                        if bytes.isEmpty { break }
                        try await file.write(ByteBuffer(bytes: bytes), at: position)
                        position += UInt64(bytes.count)
                        progress(.moved(bytes.count))
                    }
                    try await file.setAttributes(
                        SSHFileAttributes(permissions: item.permissions, modified: item.modified))
                }
                sums.add(item.path, permissions: item.permissions, sum: source.sha256)
            }
        }
        // The mark comes before folders may be closed, and their own rights and times when nothing is made in them any more.
        let mark = sums.finish()
        for item in listing.items.reversed() where item.kind == .folder {
            try await files.setAttributes(
                SSHFileAttributes(permissions: item.permissions, modified: item.modified), of: base + item.path)
        }
        try await files.withFile(base + Array(".mayfly-end".utf8), .create(permissions: 0o600)) { file in
            try await file.write(ByteBuffer(bytes: mark), at: 0)
        }
        return sums
    }
}
