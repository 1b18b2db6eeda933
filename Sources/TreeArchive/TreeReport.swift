/// What a received stream left in its destination.
public struct TreeReport: Sendable, Hashable {
    public struct File: Sendable, Hashable {
        /// Relative to the destination.
        public var path: String
        /// Logical length; a sparse file takes less disk.
        public var bytes: Int64

        public init(path: String, bytes: Int64) {
            self.path = path
            self.bytes = bytes
        }
    }

    /// Everything that arrived, in the order of arrival. Links and folders are not listed.
    public var files: [File]
    /// What was skipped, refused, missing or odd: one sentence each.
    public var skipped: [String]
    /// Whether every file the instance offered arrived and matched its SHA-256, and every asked-for path was offered.
    /// A skipped link or socket alone does not make it `false`.
    public var complete: Bool
    /// Whether something that is there did not arrive whole. A path that leads to nothing makes a report incomplete, and
    /// leaves nothing.
    public var leavesFiles: Bool
    /// Whether the stream came to its proper end, whatever of it was skipped.
    public var isWhole: Bool

    /// How many of the files an earlier stream had brought.
    public var kept = 0
    /// Files of an earlier stream that turned out to be other than the instance's. They are dropped: one more stream brings
    /// them.
    public var stale = 0
    /// The paths of files that arrived and are not, or cannot be shown to be, what was offered.
    public var unverified: Set<[UInt8]>

    /// Logical length of all files together.
    public var byteCount: Int64 { files.reduce(0) { $0 + $1.bytes } }

    public init(
        files: [File], skipped: [String], complete: Bool, leavesFiles: Bool = false, isWhole: Bool = true,
        unverified: Set<[UInt8]> = []
    ) {
        self.files = files
        self.skipped = skipped
        self.complete = complete
        self.leavesFiles = leavesFiles
        self.isWhole = isWhole
        self.unverified = unverified
    }
}

/// What an instance can make this side keep.
public struct TreeLimits: Sendable, Hashable {
    /// Files, folders and links.
    public var entries: Int
    /// Bytes written to disk (holes do not count).
    public var bytes: Int64
    /// Whether permissions (never set-id) and times are kept as sent, as a copy wants them. Else files are 0600 or 0700.
    public var keepsMetadata: Bool

    public init(entries: Int = 2_000_000, bytes: Int64 = .max, keepsMetadata: Bool = false) {
        self.entries = entries
        self.bytes = bytes
        self.keepsMetadata = keepsMetadata
    }
}
