/// The length and digest of a log that grows no more, as the instance sealed it.
public struct SealedLog: Codable, Sendable, Hashable {
    public var bytes: Int64
    /// Lower-case hex.
    public var sha256: String
    /// How many bytes more were written and not kept, because of `log_limit`; `nil` = none.
    public var dropped: Int64?

    public init(bytes: Int64, sha256: String, dropped: Int64? = nil) {
        self.bytes = bytes
        self.sha256 = sha256
        self.dropped = dropped
    }

    /// What a person is told of that; `nil` where nothing was dropped.
    public func droppedText(_ log: String) -> String? {
        dropped.map { "\(log) holds the first \(bytes) bytes (log_limit); \($0) bytes more were not kept" }
    }
}

/// What the logs of a command are held against.
public struct SealedLogs: Codable, Sendable, Hashable {
    public var stdout: SealedLog
    public var stderr: SealedLog

    public init(stdout: SealedLog, stderr: SealedLog) {
        self.stdout = stdout
        self.stderr = stderr
    }
}
