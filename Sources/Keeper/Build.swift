import Glibc

/// Which binary this is. A keeper or local cloud of another build is asked to stand down and replaced.
package enum Build {
    package static let version = "0.1.0"

    /// The version and the binary file's own marks: a rebuilt binary at the same path has another id.
    package static var id: String {
        var info = stat()
        guard stat("/proc/self/exe", &info) == 0 else { return version }
        let changed = UInt64(info.st_mtim.tv_sec) &* 1_000_000_000 &+ UInt64(info.st_mtim.tv_nsec)
        return "\(version)-\(String(changed, radix: 36))-\(String(info.st_size, radix: 36))"
    }

    /// The running binary's path, also after it was replaced on disk.
    static var executable: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return "/proc/self/exe" }
        let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
    }
}
