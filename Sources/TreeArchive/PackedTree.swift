/// A folder frozen into one tar, named by its digest.
public struct PackedTree: Sendable, Hashable {
    /// Lower-case hex SHA-256 of the tar.
    public var sha256: String
    public var byteCount: Int64
    /// Files and links; folders do not count.
    public var fileCount: Int
    /// Where the tar lies: `<blob folder>/<sha256>.tar`, 0600, durable.
    public var path: String
    /// What was left out or looks odd, in words.
    public var warnings: [String]
}
