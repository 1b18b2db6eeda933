import NIOCore

/// One channel on its way, command or tunnel: what its sides (output, input, opening, end) wait for. Lives on the
/// connection's loop.
final class SSHEngineChannel {
    enum Purpose {
        case command(String, SSHExecOptions)
        case subsystem(String, window: Int)
        case tunnel(to: SSHEndpoint, from: SSHEndpoint, window: Int)
    }

    enum Phase {
        /// In the queue or being opened; its operation goes on even if nobody waits any more.
        case opening
        case running
        /// Nobody waits; the peer has yet to agree to the close.
        case closing
    }

    /// Which output a reader wants.
    enum Stream: Hashable {
        case stdout, stderr
        /// Whichever has something; both take turns.
        case either
    }

    struct Reader {
        let token: Int
        let resume: (Result<SSHOutput?, any Error>) -> Void
    }

    let id: Int
    let purpose: Purpose
    var phase = Phase.opening
    var handle: SSHChannelHandle?
    var hasTerminal = false
    var isStarting = false

    var opener: ((Result<Void, any Error>) -> Void)?
    var readers: [Stream: Reader] = [:]
    var writer: ((Result<Bool, any Error>) -> Void)?
    var exitWaiters: [Int: (Result<SSHExit, any Error>) -> Void] = [:]
    /// How many there are to read a stream, waiting or not.
    var present: [Stream: Int] = [:]
    var stallTimer: Scheduled<Void>?
    var wantedSize: SSHTerminalSize?
    var sendingSize: SSHTerminalSize?

    /// Input that libssh2 has not taken yet.
    var input = ByteBuffer()
    var inputHasEnded = false
    var endOfInputWasSent = false
    /// Both streams take turns, so that a flood on one cannot hide the other.
    var stderrIsNext = false
    /// A read that could not enlarge the window yet is repeated with the same size: libssh2 books what is asked for last.
    var repeatedLimit: Int?
    /// The peer said that it will write no more; some of it may be unread.
    var peerHasEnded = false
    /// Set once the channel's end is known.
    var exit: SSHExit?
    /// Set when this channel can go no further; every later call throws it.
    var failure: (any Error)?

    init(id: Int, purpose: Purpose) {
        self.id = id
        self.purpose = purpose
    }

    var window: Int {
        switch purpose {
        case .command(_, let options): options.window
        case .subsystem(_, let window): window
        case .tunnel(_, _, let window): window
        }
    }

    var isAwaited: Bool { !readers.isEmpty || writer != nil || !exitWaiters.isEmpty }

    /// Ends all waiting.
    func fail(_ error: any Error) {
        if failure == nil { failure = error }
        settleOpener(.failure(error))
        for stream in Array(readers.keys) { settle(stream, .failure(error)) }
        settleWriter(.failure(error))
        settleExit(.failure(error))
        stallTimer?.cancel()
        stallTimer = nil
    }

    /// Nobody reads what is written any more.
    func endWriter() {
        input.clear()
        settleWriter(.success(false))
    }

    // Who waits is forgotten first: being resumed it may ask again at once.

    func settleOpener(_ result: Result<Void, any Error>) {
        let waiting = opener
        opener = nil
        waiting?(result)
    }

    func settleWriter(_ result: Result<Bool, any Error>) {
        let waiting = writer
        writer = nil
        waiting?(result)
    }

    func settleExit(_ result: Result<SSHExit, any Error>) {
        let waiting = exitWaiters
        exitWaiters.removeAll()
        for waiter in waiting.values { waiter(result) }
    }

    func settle(_ stream: Stream, _ result: Result<SSHOutput?, any Error>) {
        readers.removeValue(forKey: stream)?.resume(result)
    }
}
