import NIOCore

/// The two directions of a running channel, and its end.
extension SSHEngine {
    /// The most one channel reads or writes before others get their turn.
    private static let share = 128 << 10

    func step(_ channel: SSHEngineChannel) {
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

    private func stepInput(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) {
        guard lost == nil else { return }
        var left = Self.share
        while channel.input.readableBytes > 0 {
            guard mayEncode, left > 0 else {
                // A socket that cannot take more says so when it can; a used-up share is continued next turn.
                if left <= 0 || context?.isWritable == true { hasMore = true }
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
        channel.settleWriter(.success(true))
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

    private func stepOutput(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) {
        guard !channel.readers.isEmpty || channel.writer != nil else { return }
        if lost == nil {
            let code = session.digest(handle)
            if code < 0 { note(code) }
        }
        if channel.readers[.either] != nil {
            for stream in channel.stderrIsNext ? [1, 0] as [Int32] : [0, 1] {
                guard let output = take(channel, handle, stream) else { continue }
                channel.stderrIsNext = stream == 0
                return channel.settle(.either, .success(output))
            }
        }
        var isServed = false
        for (reader, stream) in [(.stdout, 0), (.stderr, 1)] as [(SSHEngineChannel.Stream, Int32)]
        where channel.readers[reader] != nil {
            guard let output = take(channel, handle, stream) else { continue }
            isServed = true
            channel.settle(reader, .success(output))
        }
        // A reader that asked again on the spot is served next turn: nothing is at its end before that was tried.
        if isServed { hasMore = hasMore || !channel.readers.isEmpty } else { settleEnd(channel, handle) }
    }

    private func take(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle, _ stream: Int32) -> SSHOutput? {
        let limit = channel.repeatedLimit ?? min(session.readable(handle), Self.share)
        guard limit > 0 else { return nil }
        channel.repeatedLimit = nil
        switch session.read(handle, stream: stream, limit: limit) {
        case .done(let bytes) where bytes.readableBytes > 0:
            return stream == 0 ? .stdout(bytes) : .stderr(bytes)
        case .failed(let code):
            note(code)
        case .again where session.isEnlargingWindow(handle, limit: limit):
            channel.repeatedLimit = limit
        case .done, .again:
            break
        }
        return nil
    }

    private func settleEnd(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) {
        switch channel.purpose {
        case .command: settleCommand(channel, handle)
        case .tunnel: settleTunnel(channel, handle)
        }
        if let lost, !channel.outputHasEnded, !channel.readers.isEmpty { channel.fail(lost) }
    }

    private func settleCommand(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) {
        guard channel.readers[.either] != nil else { return }
        let exit = session.exit(handle)
        // Without a connection libssh2 calls every channel closed: then only a known end counts as one.
        let hasEnded = lost == nil ? session.isClosedByPeer(handle) : session.isAtEnd(handle) && exit != .unknown
        guard hasEnded else { return }
        channel.exit = exit
        channel.outputHasEnded = true
        channel.endWriter()
        channel.settle(.either, .success(nil))
    }

    /// The peer may end its direction long before ours.
    private func settleTunnel(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) {
        if lost == nil {
            if !channel.outputHasEnded { channel.outputHasEnded = session.isAtEnd(handle) }
            if channel.exit == nil, channel.outputHasEnded, session.isClosedByPeer(handle) {
                channel.exit = .unknown
                channel.endWriter()
            }
        }
        if channel.outputHasEnded { channel.settle(.stdout, .success(nil)) }
    }
}
