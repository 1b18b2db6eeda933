import Glibc
import MayflyCore
import TreeArchive

/// Files by the bytes of their paths.
enum FileBytes {
    static let slash = UInt8(ascii: "/")

    static func isFolder(_ path: [UInt8]) -> Bool {
        var status = stat()
        return withPath(path) { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Not through a link.
    private static func isOwnFolder(_ path: [UInt8]) -> Bool {
        var status = stat()
        return withPath(path) { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// - Throws: ``CommandError``.
    static func names(in folder: [UInt8]) throws -> [[UInt8]] {
        guard let names = FileNames.sorted(in: folder) else { throw failure(folder, "cannot be read", errno) }
        return names
    }

    /// Renames only, so that a file is the old or the new one at every moment, and nothing goes through a link. A folder
    /// that is there already is filled.
    /// - Throws: ``CommandError``.
    static func move(_ source: [UInt8], to target: [UInt8]) throws {
        if isOwnFolder(source), isOwnFolder(target) {
            for name in try names(in: source) { try move(source + [slash] + name, to: target + [slash] + name) }
            return
        }
        // A folder that may not be written cannot be moved to another one.
        var status = stat()
        let isLocked =
            isOwnFolder(source) && withPath(source) { lstat($0, &status) } == 0 && status.st_mode & S_IWUSR == 0
        if isLocked { _ = withPath(source) { chmod($0, status.st_mode & 0o7777 | S_IWUSR) } }
        let code = withPath(source) { from in withPath(target) { rename(from, $0) } }
        guard code == 0 else { throw failure(target, "cannot be replaced", errno) }
        if isLocked { _ = withPath(target) { chmod($0, status.st_mode & 0o7777) } }
    }

    /// With all that is in it, whatever rights it has.
    static func remove(_ path: [UInt8]) {
        guard isOwnFolder(path) else {
            _ = withPath(path) { unlink($0) }
            return
        }
        _ = withPath(path) { chmod($0, 0o700) }
        for name in (try? names(in: path)) ?? [] { remove(path + [slash] + name) }
        _ = withPath(path) { rmdir($0) }
    }

    private static func failure(_ path: [UInt8], _ what: String, _ number: Int32) -> CommandError {
        let words = ControlSequences.line(String(decoding: path, as: UTF8.self))
        return CommandError(code: .incomplete, message: "\(words) \(what): \(String(cString: strerror(number)))")
    }
}
