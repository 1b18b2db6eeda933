internal import Glibc

/// Which files of a stage are whole: a line "SIZE SECONDS RIGHTS PATH" each, written when the file is.
///
/// Best effort in both directions: a file that is missing in it is only brought again.
final class ArrivalJournal {
    private let descriptor: Int32

    init(path: String) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func add(_ file: KeptFile) {
        let newline = UInt8(ascii: "\n")
        guard descriptor >= 0, !file.path.contains(newline) else { return }
        let facts = "\(file.size) \(file.modified) \(String(file.permissions, radix: 8)) "
        let line = Array(facts.utf8) + file.path + [newline]
        _ = line.withUnsafeBytes { writeFully(descriptor, $0) }
    }

    /// The files that a journal names and that are there with the length it says.
    static func read(_ path: String, of tree: String) -> [KeptFile] {
        guard let text = FileNames.content(of: Array(path.utf8)) else { return [] }
        // The last line is one only with its end.
        return text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().compactMap {
            guard let file = parse($0, tree) else { return nil }
            var status = stat()
            let isThere = withPath(Array(tree.utf8) + [UInt8(ascii: "/")] + file.path) { lstat($0, &status) } == 0
            guard isThere, status.st_mode & S_IFMT == S_IFREG, Int64(status.st_size) == file.size else { return nil }
            return file
        }
    }

    private static func parse(_ line: ArraySlice<UInt8>, _ tree: String) -> KeptFile? {
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4 else { return nil }
        let words = fields[..<3].map { String(decoding: $0, as: UTF8.self) }
        let components = fields[3].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let size = Int64(words[0]), size >= 0, let modified = Int64(words[1]),
            let permissions = UInt32(words[2], radix: 8),
            !components.contains(where: { $0.isEmpty || $0.elementsEqual([0x2e]) || $0.elementsEqual([0x2e, 0x2e]) })
        else { return nil }
        return KeptFile(
            path: Array(fields[3]), size: size, modified: modified, permissions: permissions, tree: tree)
    }
}
