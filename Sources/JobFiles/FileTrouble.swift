import Glibc

/// Why a file operation in a results folder or the blob store failed, with the path and the system's words.
package struct FileTrouble: Error, CustomStringConvertible, Sendable {
    package let path: String
    package let message: String

    package init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    /// From `errno` right after a failed call.
    static func system(_ path: String) -> FileTrouble {
        FileTrouble(path: path, message: String(cString: strerror(errno)))
    }

    package var description: String { "\(path): \(message)" }
}
