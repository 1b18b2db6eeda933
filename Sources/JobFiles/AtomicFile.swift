import Glibc

/// Small 0600 files that are either the old or the new one, whatever dies when.
package enum AtomicFile {
    /// Writes, syncs and renames. Blocking.
    /// - Throws: ``FileTrouble``.
    package static func write(_ bytes: [UInt8], to path: String) throws {
        let temporary = "\(path).\(getpid()).tmp"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileTrouble.system(temporary) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return try fail(temporary, descriptor) }
            written += count
        }
        guard fsync(descriptor) == 0 else { return try fail(temporary, descriptor) }
        close(descriptor)
        guard rename(temporary, path) == 0 else {
            let trouble = FileTrouble.system(path)
            unlink(temporary)
            throw trouble
        }
        syncFolder(of: path)
    }

    /// Makes a new or renamed file's name durable. File systems that cannot do that are no reason to fail.
    static func syncFolder(of path: String) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let folder = open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private static func fail(_ path: String, _ descriptor: Int32) throws {
        let trouble = FileTrouble.system(path)
        close(descriptor)
        unlink(path)
        throw trouble
    }

    /// Makes a folder and its parents, 0700 where they are new.
    /// - Throws: ``FileTrouble``.
    package static func makeFolder(_ path: String) throws {
        var info = stat()
        if stat(path, &info) == 0 {
            guard info.st_mode & S_IFMT == S_IFDIR else {
                throw FileTrouble(path: path, message: "is in the way: a folder is needed here")
            }
            return
        }
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        if !parent.isEmpty { try makeFolder(parent) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileTrouble.system(path) }
    }
}
