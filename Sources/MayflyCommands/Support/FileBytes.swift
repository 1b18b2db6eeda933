import Glibc
import MayflyCore

/// Names as the file system has them: any bytes but slash and NUL.
enum FileBytes {
    static let slash = UInt8(ascii: "/")

    static func isFolder(_ path: [UInt8]) -> Bool {
        var status = stat()
        return call(path) { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Not through a link.
    private static func isOwnFolder(_ path: [UInt8]) -> Bool {
        var status = stat()
        return call(path) { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Sorted; without the dots.
    /// - Throws: ``CommandError``.
    static func names(in folder: [UInt8]) throws -> [[UInt8]] {
        guard let stream = call(folder, { opendir($0) }) else { throw failure(folder, "cannot be read", errno) }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
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
            isOwnFolder(source) && call(source) { lstat($0, &status) } == 0 && status.st_mode & S_IWUSR == 0
        if isLocked { _ = call(source) { chmod($0, status.st_mode & 0o7777 | S_IWUSR) } }
        let code = call(source) { from in call(target) { rename(from, $0) } }
        guard code == 0 else { throw failure(target, "cannot be replaced", errno) }
        if isLocked { _ = call(target) { chmod($0, status.st_mode & 0o7777) } }
    }

    /// With all that is in it, whatever rights it has.
    static func remove(_ path: [UInt8]) {
        guard isOwnFolder(path) else {
            _ = call(path) { unlink($0) }
            return
        }
        _ = call(path) { chmod($0, 0o700) }
        for name in (try? names(in: path)) ?? [] { remove(path + [slash] + name) }
        _ = call(path) { rmdir($0) }
    }

    private static func failure(_ path: [UInt8], _ what: String, _ number: Int32) -> CommandError {
        let words = ControlSequences.line(String(decoding: path, as: UTF8.self))
        return CommandError(code: .incomplete, message: "\(words) \(what): \(String(cString: strerror(number)))")
    }

    private static func call<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        body((path + [0]).map { CChar(bitPattern: $0) })
    }
}
