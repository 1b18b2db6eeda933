import Glibc
package import MayflyCore

/// Removes frozen workdirs that no unfinished job needs any more.
package enum FrozenCodeSweep {
    /// A workdir is frozen before its job is stored, and a person may be asked in between: what is younger than this may
    /// be about to be needed. Freezing the same tree again makes its file new.
    package static let grace: Duration = .seconds(24 * 3600)

    /// - Parameters:
    ///   - folder: of the frozen trees, named `<SHA-256>.tar`; one that does not exist holds nothing.
    ///   - needed: the SHA-256 of every tree that an unfinished job may still be given.
    /// - Returns: the names of the removed files. What cannot be removed stays for the next sweep.
    package static func run(in folder: String, keeping needed: Set<String>, now: WallTime) async throws -> [String] {
        try await blocking {
            guard let entries = opendir(folder) else { return [] }
            defer { closedir(entries) }
            var removed: [String] = []
            while let entry = readdir(entries) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
                }
                // Half-packed trees of a client that died have no `.tar`, and are swept too.
                let isNeeded = name.hasSuffix(".tar") && needed.contains(String(name.dropLast(4)))
                let path = "\(folder)/\(name)"
                var info = stat()
                guard !isNeeded, lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { continue }
                let changed = WallTime(rawValue: Int64(info.st_mtim.tv_sec) * 1000)
                if changed.duration(to: now) > grace, unlink(path) == 0 { removed.append(name) }
            }
            return removed.sorted()
        }
    }
}
