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
            stepSize(channel, handle)
            stepOutput(channel, handle)
            watchForStall(channel, handle)
        case .closing:
            if case .again = session.close(handle) { return }
            wire.forgetExitStatus(handle.number)
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
        if channel.inputHasEnded, !channel.endOfInputWasSent, channel.exit == nil {
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
        guard channel.isAwaited else { return }
        if lost == nil {
            let code = session.digest(handle)
            if code < 0 { note(code) } else { channel.peerHasEnded = session.peerHasEnded(handle) }
        }
        if channel.readers[.either] != nil {
            for stream in channel.stderrIsNext ? [1, 0] as [Int32] : [0, 1] {
                guard case .done(let output?) = take(channel, handle, stream) else { continue }
                channel.stderrIsNext = stream == 0
                return channel.settle(.either, .success(output))
            }
        }
        var isServed = false
        for (reader, stream) in [(.stdout, 0), (.stderr, 1)] as [(SSHEngineChannel.Stream, Int32)]
        where channel.readers[reader] != nil {
            switch take(channel, handle, stream) {
            case .done(let output?):
                isServed = true
                channel.settle(reader, .success(output))
            case .done(nil) where channel.peerHasEnded || lost != nil && session.isAtEnd(handle):
                channel.settle(reader, .success(nil))
            case .done, .again, .failed:
                break
            }
        }
        settleEnd(channel, handle)
        // A reader that asked again on the spot is served next turn: nothing is at its end before that was tried.
        if isServed {
            hasMore = hasMore || channel.isAwaited
        } else if let lost, channel.isAwaited {
            channel.fail(lost)
        }
    }

    /// A piece of a stream; nothing when there is none now; "again" when that cannot be told yet.
    private func take(
        _ channel: SSHEngineChannel, _ handle: SSHChannelHandle, _ stream: Int32
    ) -> SSHStep<SSHOutput?> {
        let limit = channel.repeatedLimit ?? min(session.readable(handle), Self.share)
        guard limit > 0 else { return .done(nil) }
        channel.repeatedLimit = nil
        switch session.read(handle, stream: stream, limit: limit) {
        case .done(let bytes) where bytes.readableBytes > 0:
            return .done(stream == 0 ? .stdout(bytes) : .stderr(bytes))
        case .done:
            return .done(nil)
        case .failed(let code):
            note(code)
            return .failed(code)
        case .again:
            guard session.isEnlargingWindow(handle, limit: limit) else { return .done(nil) }
            channel.repeatedLimit = limit
            return .again
        }
    }

    private func settleEnd(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) {
        switch channel.purpose {
        case .command, .subsystem: settleCommand(channel, handle)
        case .tunnel: settleTunnel(channel, handle)
        }
    }

    private func settleCommand(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) {
        let exit = session.exit(handle)
        // Without a connection libssh2 calls every channel closed: then only a known end counts as one.
        if lost == nil ? session.isClosedByPeer(handle) : exit != .unknown {
            channel.exit = channel.exit ?? exit
            channel.endWriter()
        }
        guard let exit = channel.exit else { return }
        channel.settleExit(.success(exit))
        let isRead = lost == nil ? channel.repeatedLimit == nil : session.isAtEnd(handle)
        if channel.readers[.either] != nil, isRead {
            channel.settle(.either, .success(nil))
        }
    }

    /// The peer may end its direction long before ours.
    private func settleTunnel(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) {
        guard lost == nil, channel.exit == nil, session.isClosedByPeer(handle) else { return }
        channel.exit = .unknown
        channel.endWriter()
    }
}
