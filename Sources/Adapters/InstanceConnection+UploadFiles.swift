import MayflyCore
import OnInstance
import SSHTransport
import TreeArchive

/// To an instance without `tar`: file by file, by SFTP, into a staging folder from which the supervisor verifies and places.
extension InstanceConnection {
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
                var staged = StagedFiles(in: folder, files)
                for item in listing.items {
                    try await staged.add(
                        item.path, item.kind, permissions: item.permissions, modified: item.modified,
                        of: try ListedFile(item)
                    ) { progress(.moved($0)) }
                }
                return try await staged.finish()
            }
        } catch let error as SSHError where StagedFiles.refusals.contains(error.code) {
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
}
