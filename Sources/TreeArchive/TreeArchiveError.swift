/// Why a tree could not be packed or received. What an instance sends never ends here, only what fails on this side.
public struct TreeArchiveError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The folder is missing or cannot be read.
        case unreadableFolder = "unreadable-folder"
        /// A file that is to be packed cannot be read.
        case unreadableFile = "unreadable-file"
        /// The disk is full, read-only or failing, or the rights do not suffice.
        case writeFailed = "write-failed"
        case archiveFailed = "archive-failed"
        /// The receiver was finished or given up before.
        case ended
    }

    public var code: Code
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
