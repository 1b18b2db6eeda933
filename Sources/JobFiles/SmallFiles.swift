import Foundation

/// Small text files read whole. Blocking.
package enum SmallFiles {
    /// The file's text, or `nil` when it is not there or not readable.
    package static func text(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    /// Removes a folder and all in it; absence is success.
    /// - Throws: ``FileTrouble``.
    package static func removeFolder(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw FileTrouble(path: path, message: "cannot be removed: \(error.localizedDescription)")
        }
    }
}
