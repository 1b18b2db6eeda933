import OnInstance
import TreeArchive

/// The same file as the supervisor and as the tree archive call it.
extension HeldFile {
    init(_ file: KeptFile) {
        self.init(path: file.path, size: file.size, modified: file.modified, permissions: file.permissions)
    }

    var kept: KeptFile { KeptFile(path: path, size: size, modified: modified, permissions: permissions) }
}
