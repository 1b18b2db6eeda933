import Foundation
import Glibc

/// The few file operations whose durability and modes matter. All block: they run on the service's own thread.
enum Files {
    static func makeFolder(_ path: String, mode: mode_t = 0o700) throws(LocalCloudError) {
        guard mkdir(path, mode) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw failure("create", path)
        }
        try makeFolder(String(path[..<slash]), mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure("create", path) }
    }

    /// Writes a file that no crash can leave half-written: temporary file, fsync, rename, fsync of the folder.
    static func replace(_ path: String, with bytes: some Collection<UInt8>, mode: mode_t = 0o600)
        throws(LocalCloudError)
    {
        let temporary = path + ".new"
        try write(temporary, bytes, mode: mode, sync: true)
        guard rename(temporary, path) == 0 else { throw failure("replace", path) }
        let folder = open(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("open the folder of", path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure("sync the folder of", path) }
    }

    static func write(_ path: String, _ text: String, mode: mode_t = 0o600) throws(LocalCloudError) {
        try write(path, Array(text.utf8), mode: mode, sync: false)
    }

    static func write(
        _ path: String, _ bytes: some Collection<UInt8>, mode: mode_t, sync: Bool
    ) throws(LocalCloudError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw failure("write", path) }
        defer { close(file) }
        try append(file, Array(bytes), path)
        guard fchmod(file, mode) == 0, !sync || fsync(file) == 0 else { throw failure("write", path) }
    }

    /// Writes all bytes at the file's position.
    static func append(_ file: Int32, _ bytes: [UInt8], _ path: String) throws(LocalCloudError) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw failure("write", path)
            }
            done += count
        }
    }

    static func read(_ path: String) -> [UInt8]? {
        (try? Data(contentsOf: URL(fileURLWithPath: path))).map(Array.init)
    }

    static func text(_ path: String) -> String? { read(path).map { String(decoding: $0, as: UTF8.self) } }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// Device and inode, which tell a replaced file from the one that was opened.
    struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64

        init?(_ path: String) {
            var facts = stat()
            guard stat(path, &facts) == 0 else { return nil }
            device = UInt64(facts.st_dev)
            inode = UInt64(facts.st_ino)
        }
    }

    /// Kind, owner and mode of what a path leads to.
    struct Facts {
        let isFolder: Bool
        let owner: uid_t
        let group: gid_t
        let mode: mode_t

        init?(_ path: String) {
            var facts = stat()
            guard stat(path, &facts) == 0 else { return nil }
            isFolder = facts.st_mode & S_IFMT == S_IFDIR
            owner = facts.st_uid
            group = facts.st_gid
            mode = facts.st_mode & 0o7777
        }
    }

    /// Milliseconds since 1970.
    static func wallMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    static func failure(_ verb: String, _ path: String) -> LocalCloudError {
        LocalCloudError(.storage, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
