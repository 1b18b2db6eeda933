internal import Glibc

/// Which files of a stage are whole: a line of ``KeptFile`` each, written when the file is.
///
/// Best effort in both directions: a file that is missing in it is only brought again.
final class ArrivalJournal {
    private let descriptor: Int32

    init(path: String) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func add(_ file: KeptFile) {
        guard descriptor >= 0, !file.path.contains(UInt8(ascii: "\n")) else { return }
        _ = file.line.withUnsafeBytes { writeFully(descriptor, $0) }
    }

    /// The files that a journal names and that are there with the length it says.
    static func read(_ path: String, of tree: String) -> [KeptFile] {
        guard let text = FileNames.content(of: Array(path.utf8)) else { return [] }
        // The last line is one only with its end.
        return text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().compactMap {
            guard var file = KeptFile(line: $0) else { return nil }
            file.tree = tree
            var status = stat()
            let isThere = withPath(Array(tree.utf8) + [UInt8(ascii: "/")] + file.path) { lstat($0, &status) } == 0
            guard isThere, status.st_mode & S_IFMT == S_IFREG, Int64(status.st_size) == file.size else { return nil }
            return file
        }
    }
}
