import NIOCore

/// What only processes need: the end apart from the streams, the terminal's size, and readers that would wait for ever.
extension SSHEngine {
    func exit(_ id: Int, token: Int, _ waiting: @escaping (Result<SSHExit, any Error>) -> Void) {
        guard let channel = channel(id) else { return waiting(.failure(end(of: id) ?? SSHConnection.cancelled)) }
        if let exit = channel.exit { return waiting(.success(exit)) }
        if let failure = channel.failure { return waiting(.failure(failure)) }
        channel.exitWaiters[token] = waiting
        pump()
    }

    func cancelExit(_ id: Int, token: Int) {
        channel(id)?.exitWaiters.removeValue(forKey: token)?(.failure(SSHConnection.cancelled))
    }

    func resize(_ id: Int, _ size: SSHTerminalSize) {
        guard let channel = channel(id) else { return }
        channel.wantedSize = size
        pump()
    }

    /// No answer comes to a new size, but one that could not be encoded yet is finished before the next.
    func stepSize(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) {
        guard lost == nil else { return }
        while let size = channel.sendingSize ?? channel.wantedSize {
            if channel.sendingSize == nil { channel.wantedSize = nil }
            channel.sendingSize = size
            switch session.resizeTerminal(handle, size) {
            case .again: return
            case .done: break
            case .failed(let code): note(code)
            }
            channel.sendingSize = nil
        }
    }

    func countReaders(_ id: Int, _ stream: SSHEngineChannel.Stream, by change: Int) {
        guard let channel = channel(id) else { return }
        channel.present[stream, default: 0] += change
        pump()
    }

    // MARK: Waiting for ever

    /// Somebody waits, and nothing can come: the window is full of what nobody is there to read.
    private func isStalled(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) -> Bool {
        guard lost == nil, channel.phase == .running, channel.exit == nil, !channel.peerHasEnded,
            channel.readers[.either] == nil, !channel.readers.isEmpty || !channel.exitWaiters.isEmpty
        else { return false }
        // A waiting reader found its own stream empty: what fills the window is the other's.
        let others = [.stdout, .stderr].filter { channel.readers[$0] == nil }
        return others.allSatisfy { channel.present[$0, default: 0] <= 0 } && session.windowLeft(handle) < 1024
    }

    func watchForStall(_ channel: SSHEngineChannel, _ handle: SSHChannelHandle) {
        guard case .command(_, let options) = channel.purpose, let eventLoop, isStalled(channel, handle) else {
            channel.stallTimer?.cancel()
            return channel.stallTimer = nil
        }
        guard channel.stallTimer == nil else { return }
        let bound = NIOLoopBound((engine: self, channel: channel, handle: handle), eventLoop: eventLoop)
        channel.stallTimer = eventLoop.scheduleTask(in: TimeAmount(options.stallLimit)) {
            let (engine, channel, handle) = bound.value
            channel.stallTimer = nil
            guard engine.isStalled(channel, handle) else { return }
            engine.abandon(
                channel.id,
                SSHError(.channelFailed, "the command waits for somebody to read its other output: read both at once"))
        }
    }
}
