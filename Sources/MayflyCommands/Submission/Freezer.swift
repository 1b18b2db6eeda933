import Keeper
import MayflyCore
import TreeArchive

/// Packs the folders that specs name, once each, into the content-addressed store.
struct Freezer {
    let home: MayflyHome
    private var packed: [String: FrozenCode] = [:]

    init(home: MayflyHome) { self.home = home }

    /// - Parameter warn: hears of what was left out.
    /// - Throws: ``CommandError``.
    mutating func freeze(_ folder: String, warn: (String) -> Void) async throws -> FrozenCode {
        if let code = packed[folder] { return code }
        try Paths.makeFolder(home.blobs)
        let tree: PackedTree
        do {
            tree = try await TreePacker.pack(folder: folder, into: home.blobs)
        } catch {
            throw CommandError(code: .usage, message: "workdir \(folder) cannot be packed: \(error)")
        }
        for warning in tree.warnings { warn("workdir \(folder): \(ControlSequences.line(warning))") }
        let stamp = await GitStamp.read(folder: folder)
        let code = FrozenCode(
            sha256: tree.sha256, byteCount: tree.byteCount, fileCount: tree.fileCount, gitCommit: stamp?.commit,
            gitDirty: stamp?.isDirty ?? false)
        packed[folder] = code
        return code
    }
}
