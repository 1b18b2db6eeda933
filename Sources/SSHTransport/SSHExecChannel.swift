import NIOCore

/// One command on its way: what its three sides (output, input, opening) wait for. Lives on the connection's loop.
final class SSHExecChannel {
    enum Phase {
        /// In the queue or being opened; its operation goes on even if nobody waits any more.
        case opening
        case running
        /// Nobody waits; the peer has yet to agree to the close.
        case closing
    }

    let id: Int
    let options: SSHExecOptions
    var phase = Phase.opening
    var handle: SSHChannelHandle?
    var hasTerminal = false
    var isStarting = false

    var opener: CheckedContinuation<Void, any Error>?
    var reader: CheckedContinuation<SSHOutput?, any Error>?
    var writer: CheckedContinuation<Bool, any Error>?

    /// Input that libssh2 has not taken yet.
    var input = ByteBuffer()
    var inputHasEnded = false
    var endOfInputWasSent = false
    /// Both streams take turns, so that a flood on one cannot hide the other.
    var stderrIsNext = false
    /// Set once the command's end is known and everything it wrote has been read.
    var exit: SSHExit?
    /// Set when this command can go no further; every later call throws it.
    var failure: (any Error)?

    init(id: Int, options: SSHExecOptions) {
        self.id = id
        self.options = options
    }

    /// Ends all waiting.
    func fail(_ error: any Error) {
        if failure == nil { failure = error }
        opener?.resume(throwing: error)
        reader?.resume(throwing: error)
        writer?.resume(throwing: error)
        opener = nil
        reader = nil
        writer = nil
    }

    /// Nobody reads the command's input any more.
    func endWriter() {
        input.clear()
        writer?.resume(returning: false)
        writer = nil
    }
}
