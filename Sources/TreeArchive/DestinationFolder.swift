internal import CLibArchive
internal import Glibc

/// A folder below which files are made by descriptor, one component at a time, never through a link.
final class DestinationFolder {
    /// Why something was not made, when that is the sender's doing and not this disk's.
    struct Refused: Error {
        let message: String
    }

    /// What a copy keeps beside the content.
    struct Metadata {
        private let permissions: mode_t
        private let modified: timespec

        init(_ entry: OpaquePointer) {
            permissions = mode_t(archive_entry_perm(entry)) & 0o777
            modified = timespec(
                tv_sec: Int(archive_entry_mtime(entry)), tv_nsec: Int(archive_entry_mtime_nsec(entry)))
        }

        /// Best effort: the content is what counts.
        func apply(to descriptor: Int32) {
            fchmod(descriptor, permissions)
            futimens(descriptor, [modified, modified])
        }
    }

    private let root: Int32

    init(path: String) throws(TreeArchiveError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw Self.failed(path, errno) }
        root = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw Self.failed(path, errno) }
    }

    deinit { close(root) }

    func makeFolder(_ components: [[UInt8]]) throws {
        close(try open(folder: components[...]))
    }

    /// A new file, open for writing. An existing one is never touched.
    func makeFile(_ components: [[UInt8]], isExecutable: Bool) throws -> Int32 {
        let parent = try open(folder: components.dropLast())
        defer { close(parent) }
        let descriptor = withPath(components.last ?? []) {
            openat(parent, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, isExecutable ? 0o700 : 0o600)
        }
        guard descriptor >= 0 else { throw Self.judge(components, errno) }
        return descriptor
    }

    func makeLink(_ components: [[UInt8]], to target: [UInt8]) throws {
        let parent = try open(folder: components.dropLast())
        defer { close(parent) }
        let status = withPath(components.last ?? []) { name in
            withPath(target) { symlinkat($0, parent, name) }
        }
        guard status == 0 else { throw Self.judge(components, errno) }
    }

    /// Whether a path leads to something.
    func exists(_ components: [[UInt8]]) -> Bool {
        guard let parent = try? open(folder: components.dropLast()) else { return false }
        defer { close(parent) }
        var status = stat()
        return withPath(components.last ?? []) { fstatat(parent, $0, &status, 0) } == 0
    }

    func remove(_ components: [[UInt8]]) {
        guard let parent = try? open(folder: components.dropLast()) else { return }
        defer { close(parent) }
        _ = withPath(components.last ?? []) { unlinkat(parent, $0, 0) }
    }

    func apply(_ metadata: Metadata, to components: [[UInt8]]) {
        guard let descriptor = try? open(folder: components[...]) else { return }
        metadata.apply(to: descriptor)
        close(descriptor)
    }

    /// Makes everything written so far durable.
    func synchronize() throws(TreeArchiveError) {
        guard syncfs(root) == 0 else { throw Self.failed("the results folder", errno) }
    }

    private func open(folder components: ArraySlice<[UInt8]>) throws -> Int32 {
        var current = fcntl(root, F_DUPFD_CLOEXEC, 0)
        guard current >= 0 else { throw Self.failed("the results folder", errno) }
        for component in components {
            let next = withPath(component) { name in
                if mkdirat(current, name, 0o700) != 0, errno != EEXIST { return Int32(-1) }
                return openat(current, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
            let number = errno
            close(current)
            guard next >= 0 else { throw Self.judge(Array(components), number) }
            current = next
        }
        return current
    }

    private static func judge(_ components: [[UInt8]], _ number: Int32) -> any Error {
        let path = printable(components.joined(separator: [UInt8(ascii: "/")]).map { $0 })
        switch number {
        case EEXIST, EISDIR: return Refused(message: "\(path) was skipped: something of this name arrived before")
        case ENOTDIR, ELOOP: return Refused(message: "\(path) was skipped: its folder is a file or a link")
        case ENAMETOOLONG, EINVAL, EILSEQ:
            return Refused(message: "\(path) was skipped: this file system does not take the name")
        default: return failed(path, number)
        }
    }

    static func failed(_ path: String, _ number: Int32) -> TreeArchiveError {
        TreeArchiveError(code: .writeFailed, message: "\(path) cannot be written: \(systemMessage(number))")
    }
}
