public import NIOCore

/// What a command reads. The end of input is always sent after it.
public enum SSHInput: Sendable {
    case none
    case bytes(ByteBuffer)
    /// Called for the next piece when the previous one has been accepted; `nil` ends the input. Must return soon after
    /// its task is cancelled, which happens when the command ends first.
    case stream(@Sendable () async throws -> ByteBuffer?)
}

/// A piece of what a command wrote. Pieces of one stream arrive in order; how the two streams interleave is not kept.
public enum SSHOutput: Sendable, Hashable {
    case stdout(ByteBuffer)
    case stderr(ByteBuffer)
}

/// How a command ended.
public enum SSHExit: Sendable, Hashable {
    case status(Int32)
    /// The signal's name without `SIG`, as in RFC 4254 6.10.
    case signal(String)
    /// The server closed the channel without saying how the command ended.
    case unknown
}

/// How a command is run.
public struct SSHExecOptions: Sendable, Hashable {
    /// Bytes the server may send ahead of the reader. Bounds memory per command, and throughput to window per round
    /// trip: followers of a log keep it small, bulk transfers ask for 16 to 32 MiB.
    public var window: Int
    /// Asks for a terminal, which merges stderr into stdout.
    public var pty: Bool

    public init(window: Int = 2 << 20, pty: Bool = false) {
        self.window = window
        self.pty = pty
    }
}
