/// The length and digest of a log that grows no more, as the instance sealed it.
public struct SealedLog: Codable, Sendable, Hashable {
    public var bytes: Int64
    /// Lower-case hex.
    public var sha256: String

    public init(bytes: Int64, sha256: String) {
        self.bytes = bytes
        self.sha256 = sha256
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
