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
    /// Where something was made last. Files come folder by folder, so that the way to most of them has just been gone.
    private var last: (components: [[UInt8]], descriptor: Int32)?

    init(path: String) throws(TreeArchiveError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw Self.failed(path, errno) }
        root = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw Self.failed(path, errno) }
    }

    deinit {
        forget()
        close(root)
    }

    func makeFolder(_ components: [[UInt8]]) throws {
        _ = try reach(folder: components[...])
    }

    /// A new file, open for writing. An existing one is never touched.
    func makeFile(_ components: [[UInt8]], isExecutable: Bool) throws -> Int32 {
        let parent = try reach(folder: components.dropLast())
        let descriptor = withPath(components.last ?? []) {
            openat(parent, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, isExecutable ? 0o700 : 0o600)
        }
        guard descriptor >= 0 else { throw Self.judge(components, errno) }
        return descriptor
    }

    func makeLink(_ components: [[UInt8]], to target: [UInt8]) throws {
        let parent = try reach(folder: components.dropLast())
        let status = withPath(components.last ?? []) { name in
            withPath(target) { symlinkat($0, parent, name) }
        }
        guard status == 0 else { throw Self.judge(components, errno) }
    }

    /// A file that is there, open for reading; `nil` when there is none.
    func openFile(_ components: [[UInt8]]) -> Int32? {
        guard let parent = try? reach(folder: components.dropLast()) else { return nil }
        let descriptor = withPath(components.last ?? []) {
            openat(parent, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        }
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Takes a file over from the same path of another folder.
    func adopt(_ components: [[UInt8]], from other: DestinationFolder) throws {
        let source = try other.reach(folder: components.dropLast())
        let parent = try reach(folder: components.dropLast())
        let status = withPath(components.last ?? []) { renameat(source, $0, parent, $0) }
        guard status == 0 else { throw Self.judge(components, errno) }
    }

    /// Whether a path leads to something.
    func exists(_ components: [[UInt8]]) -> Bool {
        guard let parent = try? reach(folder: components.dropLast()) else { return false }
        var status = stat()
        return withPath(components.last ?? []) { fstatat(parent, $0, &status, 0) } == 0
    }

    func remove(_ components: [[UInt8]]) {
        guard let parent = try? reach(folder: components.dropLast()) else { return }
        _ = withPath(components.last ?? []) { unlinkat(parent, $0, 0) }
    }

    func apply(_ metadata: Metadata, to components: [[UInt8]]) {
        guard let descriptor = try? reach(folder: components[...]) else { return }
        metadata.apply(to: descriptor)
    }

    /// Makes everything written so far durable.
    func synchronize() throws(TreeArchiveError) {
        guard syncfs(root) == 0 else { throw Self.failed("the results folder", errno) }
    }

    /// A folder's descriptor, which stays this object's and open until the next call. A folder that is not there is made.
    ///
    /// Nothing in here is ever moved, so the folder that a path led to is the one it leads to: only the steps below it
    /// are gone again, each by name from its parent and never through a link.
    private func reach(folder components: ArraySlice<[UInt8]>) throws -> Int32 {
        if components.isEmpty { return root }
        if let last, last.components.elementsEqual(components) { return last.descriptor }
        var (current, left) = (root, components)
        if let last, last.components.count < components.count, components.starts(with: last.components) {
            (current, left) = (last.descriptor, components.dropFirst(last.components.count))
        }
        var mine: Int32 = -1
        for component in left {
            let next = withPath(component) { name in
                let found = openat(current, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard found < 0, errno == ENOENT else { return found }
                if mkdirat(current, name, 0o700) != 0, errno != EEXIST { return Int32(-1) }
                return openat(current, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
            let number = errno
            if mine >= 0 { close(mine) }
            guard next >= 0 else { throw Self.judge(Array(components), number) }
            (current, mine) = (next, next)
        }
        forget()
        last = (Array(components), current)
        return current
    }

    private func forget() {
        if let last { close(last.descriptor) }
        last = nil
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
