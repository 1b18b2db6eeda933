import NIOCore

/// What callers ask of channels. Each call ends in a pump, whose steps are in `SSHEngine+Opening` and
/// `SSHEngine+Streams`.
extension SSHEngine {
    func channel(_ id: Int) -> SSHEngineChannel? {
        channels.first { $0.id == id }
    }

    private var gone: SSHError {
        lost ?? SSHError(.closed, "this channel is over")
    }

    /// Why a channel has ended, if it was not the peer who ended it.
    func end(of id: Int) -> (any Error)? {
        guard let channel = channel(id) else { return gone }
        return channel.failure ?? lost
    }

    /// One packet carries it, of which libssh2 builds none larger.
    private static let longestCommand = 32_000

    static var opensNothing: SSHError {
        SSHError(
            .channelFailed,
            "nothing more can be opened on this connection for some minutes: an earlier target did not answer")
    }

    func open(
        _ id: Int, _ purpose: SSHEngineChannel.Purpose, _ waiting: @escaping (Result<Void, any Error>) -> Void
    ) {
        if let lost { return waiting(.failure(lost)) }
        if owesAnAnswer { return waiting(.failure(Self.opensNothing)) }
        if case .command(let command, _) = purpose, command.utf8.count > Self.longestCommand {
            return waiting(
                .failure(
                    SSHError(
                        .invalidCommand,
                        "a command of \(command.utf8.count) bytes is too long for SSH; send scripts by standard input"))
            )
        }
        let channel = SSHEngineChannel(id: id, purpose: purpose)
        channel.opener = waiting
        channels.append(channel)
        var opening = Exclusive { [unowned self] in
            stepOpening(channel)
        } fail: { error in
            channel.fail(error)
        }
        if case .tunnel = purpose { opening.waitsForThirdParty = true }
        exclusives.append(opening)
        pump()
    }

    /// The next piece of output; `nil` once the stream has ended and everything has been read.
    func read(
        _ id: Int, _ stream: SSHEngineChannel.Stream, token: Int,
        _ waiting: @escaping (Result<SSHOutput?, any Error>) -> Void
    ) {
        guard let channel = channel(id) else { return waiting(.failure(gone)) }
        if let failure = channel.failure { return waiting(.failure(failure)) }
        guard channel.readers[stream] == nil else {
            return waiting(.failure(SSHError(.channelFailed, "this stream already has a reader")))
        }
        channel.readers[stream] = .init(token: token, resume: waiting)
        pump()
    }

    /// Ends one waiting read; nothing that has arrived is lost.
    func cancelRead(_ id: Int, token: Int) {
        guard let channel = channel(id),
            let stream = channel.readers.first(where: { $0.value.token == token })?.key
        else { return }
        channel.settle(stream, .failure(SSHConnection.cancelled))
    }

    /// Returns once all is encoded: `false` when nobody reads input any more.
    func write(_ id: Int, _ bytes: ByteBuffer, _ waiting: @escaping (Result<Bool, any Error>) -> Void) {
        guard let channel = channel(id), channel.failure == nil, channel.exit == nil, lost == nil else {
            return waiting(.success(false))
        }
        guard channel.writer == nil, !channel.inputHasEnded else {
            let why = channel.inputHasEnded ? "its end has been announced" : "another write is under way"
            return waiting(.failure(SSHError(.channelFailed, "nothing can be written: \(why)")))
        }
        channel.input = bytes
        channel.writer = waiting
        pump()
    }

    func endInput(_ id: Int) {
        guard let channel = channel(id) else { return }
        channel.inputHasEnded = true
        pump()
    }

    /// Stops waiting for a channel; it is closed behind the caller's back.
    func abandon(_ id: Int, _ error: any Error) {
        guard let channel = channel(id) else { return }
        channel.fail(error)
        if channel.phase == .running { channel.phase = .closing }
        pump()
    }

    /// The same, unless the channel is open already.
    func giveUpOpening(_ id: Int, _ error: any Error) {
        if channel(id)?.phase == .opening { abandon(id, error) }
    }

    /// What a command's caller is called back for.
    enum Turn: Sendable {
        case output(SSHOutput)
        /// Everything has been handed over, and the channel is being closed.
        case ended(SSHExit)
    }

    /// Opens a channel, gives it its input where that is known as a whole, and waits for its first output.
    func start(
        _ id: Int, _ purpose: SSHEngineChannel.Purpose, input: ByteBuffer?,
        _ waiting: @escaping (Result<Turn, any Error>) -> Void
    ) {
        open(id, purpose) { [self] result in
            if case .failure(let error) = result { return waiting(.failure(error)) }
            if let input, let channel = channel(id) {
                channel.input = input
                channel.inputHasEnded = true
            }
            nextTurn(id, waiting)
        }
    }

    /// The next output, or the end: then the channel is finished on the spot.
    func nextTurn(_ id: Int, _ waiting: @escaping (Result<Turn, any Error>) -> Void) {
        read(id, .either, token: id) { [self] result in
            switch result {
            case .success(let output?): waiting(.success(.output(output)))
            case .success(nil): waiting(.success(.ended(finish(id))))
            case .failure(let error): waiting(.failure(error))
            }
        }
    }

    private func finish(_ id: Int) -> SSHExit {
        guard let channel = channel(id) else { return .unknown }
        let exit = channel.exit ?? .unknown
        channel.endWriter()
        channel.phase = .closing
        pump()
        return exit
    }

    /// Tells why the connection ended, once it has; at once if it has already.
    func whenLost(_ id: Int, _ waiting: @escaping (SSHError?) -> Void) {
        if let lost { return waiting(lost) }
        lossWatchers[id] = waiting
    }

    func stopWatching(_ id: Int) {
        lossWatchers.removeValue(forKey: id)?(nil)
    }
}
