import NIOCore

/// Commands: opening, the two directions of data, and the end.
extension SSHEngine {
    /// The most one command reads or writes before others get their turn.
    private static let share = 128 << 10

    func channel(_ id: Int) -> SSHExecChannel? {
        channels.first { $0.id == id }
    }

    private var gone: SSHError {
        lost ?? SSHError(.closed, "this command is over")
    }

    // MARK: What callers ask for

    func open(
        _ id: Int, command: String, options: SSHExecOptions, _ waiting: CheckedContinuation<Void, any Error>
    ) {
        if let lost { return waiting.resume(throwing: lost) }
        let channel = SSHExecChannel(id: id, options: options)
        channel.opener = waiting
        channels.append(channel)
        exclusives.append(
            Exclusive { [unowned self] in
                stepOpening(channel, command: command)
            } fail: { error in
                channel.fail(error)
            })
        pump()
    }

    /// The next piece of output; `nil` once the command has ended and everything has been read.
    func read(_ id: Int, _ waiting: CheckedContinuation<SSHOutput?, any Error>) {
        guard let channel = channel(id) else { return waiting.resume(throwing: gone) }
        if let failure = channel.failure { return waiting.resume(throwing: failure) }
        channel.reader = waiting
        pump()
    }

    /// Returns once all is encoded: `false` when nobody reads input any more.
    func write(_ id: Int, _ bytes: ByteBuffer, _ waiting: CheckedContinuation<Bool, any Error>) {
        guard let channel = channel(id), channel.failure == nil, channel.exit == nil, lost == nil else {
            return waiting.resume(returning: false)
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

    /// Stops waiting for a command; the channel is closed behind the caller's back.
    func abandon(_ id: Int, _ error: any Error) {
        guard let channel = channel(id) else { return }
        channel.fail(error)
        if channel.phase == .running { channel.phase = .closing }
        pump()
    }

    func finish(_ id: Int) -> SSHExit {
        guard let channel = channel(id) else { return .unknown }
        let exit = channel.exit ?? .unknown
        channel.endWriter()
        channel.phase = .closing
        pump()
        return exit
    }

    // MARK: Steps

    /// Opens, asks for a terminal where wanted, starts the command. Returns whether all that has ended.
    private func stepOpening(_ channel: SSHExecChannel, command: String) -> Bool {
        if channel.handle == nil {
            if channel.failure != nil, !session.isOpening {
                drop(channel)
                return true
            }
            switch session.openChannel(window: channel.options.window) {
            case .again: return false
            case .done(let opened): channel.handle = opened
            case .failed(let code):
                refuse(channel, code, "the server refused another channel (its limit may be MaxSessions)")
                drop(channel)
                return true
            }
        }
        guard let handle = channel.handle else { return true }
        if channel.options.pty, !channel.hasTerminal {
            switch session.requestTerminal(handle) {
            case .again: return false
            case .done: channel.hasTerminal = true
            case .failed(let code): return refuse(channel, code, "the server refused a terminal")
            }
        }
        // A command that nobody wants any more is not started; one whose start is under way is driven to its answer.
        if channel.failure != nil, !channel.isStarting {
            channel.phase = .closing
            return true
        }
        channel.isStarting = true
        switch session.start(handle, command: command) {
        case .again: return false
        case .failed(let code): return refuse(channel, code, "the server refused to start the command")
        case .done:
            channel.phase = channel.failure == nil ? .running : .closing
            channel.opener?.resume()
            channel.opener = nil
            return true
        }
    }

    @discardableResult
    private func refuse(_ channel: SSHExecChannel, _ code: Int32, _ what: String) -> Bool {
        note(code)
        channel.fail(lost ?? .channel(code, what))
        channel.phase = .closing
        return true
    }

    private func drop(_ channel: SSHExecChannel) {
        channels.removeAll { $0 === channel }
    }

    func step(_ channel: SSHExecChannel) {
        guard let handle = channel.handle else { return }
        switch channel.phase {
        case .opening:
            break
        case .running:
            stepInput(channel, handle)
            stepOutput(channel, handle)
        case .closing:
            if case .again = session.close(handle) { return }
            _ = wire.forgetExitStatus(handle.number)
            drop(channel)
        }
    }

    private func stepInput(_ channel: SSHExecChannel, _ handle: SSHChannelHandle) {
        guard lost == nil else { return }
        var left = Self.share
        while channel.input.readableBytes > 0 {
            guard mayEncode, left > 0 else {
                // A socket that cannot take more says so when it can; a used-up share is continued next turn.
                if left <= 0 || context?.channel.isWritable == true { hasMore = true }
                return
            }
            switch session.write(handle, channel.input) {
            case .done(let count) where count > 0:
                channel.input.moveReaderIndex(forwardBy: min(count, channel.input.readableBytes))
                left -= count
            case .done, .again:
                return
            case .failed(let code):
                note(code)
                return channel.endWriter()
            }
        }
        channel.writer?.resume(returning: true)
        channel.writer = nil
        if channel.inputHasEnded, !channel.endOfInputWasSent {
            switch session.sendEOF(handle) {
            case .again: return
            case .done: channel.endOfInputWasSent = true
            case .failed(let code):
                channel.endOfInputWasSent = true
                note(code)
            }
        }
    }

    private func stepOutput(_ channel: SSHExecChannel, _ handle: SSHChannelHandle) {
        guard let reader = channel.reader else { return }
        if lost == nil {
            let code = session.drain(handle)
            if code < 0 { note(code) }
        }
        let available = min(session.readable(handle), Self.share)
        if available > 0 {
            for stream in channel.stderrIsNext ? [1, 0] as [Int32] : [0, 1] {
                switch session.read(handle, stream: stream, limit: available) {
                case .done(let bytes) where bytes.readableBytes > 0:
                    channel.reader = nil
                    channel.stderrIsNext = stream == 0
                    return reader.resume(returning: stream == 0 ? .stdout(bytes) : .stderr(bytes))
                case .failed(let code): note(code)
                case .done, .again: break
                }
            }
        }
        let exit = session.exit(handle)
        // Without a connection libssh2 calls every channel closed: then only a known end counts as one.
        let hasEnded = lost == nil ? session.isClosedByPeer(handle) : session.isAtEnd(handle) && exit != .unknown
        if hasEnded {
            channel.exit = exit
            channel.reader = nil
            channel.endWriter()
            reader.resume(returning: nil)
        } else if let lost {
            channel.fail(lost)
        }
    }
}
