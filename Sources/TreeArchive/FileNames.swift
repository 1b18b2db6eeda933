internal import Glibc

/// Names as the file system has them: any bytes but slash and NUL.
package enum FileNames {
    /// What is in a folder, without the dots, in byte order; `nil` with `errno` set when it cannot be read.
    package static func sorted(in folder: [UInt8]) -> [[UInt8]]? {
        guard let stream = withPath(folder, { opendir($0) }) else { return nil }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2e], name != [0x2e, 0x2e] { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// A file's bytes; `nil` when it cannot be read.
    static func content(of path: [UInt8]) -> [UInt8]? {
        let descriptor = withPath(path) { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = buffer.withUnsafeMutableBytes { readSome(descriptor, $0) }
            guard count > 0 else { return count == 0 ? text : nil }
            text.append(contentsOf: buffer[..<count])
        }
    }
}

/// Calls `body` with a C path of these bytes.
package func withPath<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    body((bytes + [0]).map { CChar(bitPattern: $0) })
}
