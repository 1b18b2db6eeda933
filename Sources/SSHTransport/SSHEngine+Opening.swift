import NIOCore

/// From "somebody wants a channel" to a channel that runs or an answer why not.
extension SSHEngine {
    /// Opens, asks for a terminal where wanted, starts the command. Returns whether all that has ended.
    func stepOpening(_ channel: SSHEngineChannel) -> Bool {
        if channel.handle == nil {
            // It was asked for before the one that is not answered.
            if owesAnAnswer, !session.isOpening { channel.fail(Self.opensNothing) }
            if channel.failure != nil, !session.isOpening {
                drop(channel)
                return true
            }
            switch open(channel) {
            case .again: return false
            case .done(let opened):
                channel.handle = opened
                wire.expectExitStatus(of: opened.number)
            case .failed(let code):
                refuseOpening(channel, code)
                drop(channel)
                return true
            }
        }
        guard let handle = channel.handle else { return ready(channel) }
        let (request, what): (LibSSH2Session.Request, String)
        switch channel.purpose {
        case .command(let command, _): (request, what) = (.exec(command), "the command")
        case .subsystem(let name, _): (request, what) = (.subsystem(name), "the subsystem \(name)")
        case .tunnel: return ready(channel)
        }
        if case .command(_, let options) = channel.purpose, let terminal = options.terminal, !channel.hasTerminal {
            switch session.requestTerminal(handle, terminal) {
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
        switch session.start(handle, request) {
        case .again: return false
        case .failed(let code): return refuse(channel, code, "the server refused to start \(what)")
        case .done: return ready(channel)
        }
    }

    private func open(_ channel: SSHEngineChannel) -> SSHStep<SSHChannelHandle> {
        switch channel.purpose {
        case .command, .subsystem: session.openChannel(window: channel.window)
        case .tunnel(let target, let origin, _): session.openTunnel(to: target, from: origin, window: channel.window)
        }
    }

    private func ready(_ channel: SSHEngineChannel) -> Bool {
        channel.phase = channel.failure == nil ? .running : .closing
        channel.settleOpener(.success(()))
        return true
    }

    private func refuseOpening(_ channel: SSHEngineChannel, _ code: Int32) {
        guard case .tunnel(let target, _, _) = channel.purpose else {
            refuse(channel, code, "the server refused another channel (its limit may be MaxSessions)")
            return
        }
        // libssh2 gives the server a minute; a target that swallows packets takes longer than that to be given up.
        let what = SSHError.isTimeout(code) ? "has not answered" : "was not reached: \(session.lastMessage)"
        if SSHError.isTimeout(code) {
            // Linux knocks for two minutes, at each address of a name.
            opensNothingBefore = NIODeadline.now() + .minutes(5)
        } else {
            note(code)
        }
        channel.fail(lost ?? .channel(code, "\(target) behind the server \(what)"))
    }

    @discardableResult
    private func refuse(_ channel: SSHEngineChannel, _ code: Int32, _ what: String) -> Bool {
        note(code)
        channel.fail(lost ?? .channel(code, what))
        channel.phase = .closing
        return true
    }

    func drop(_ channel: SSHEngineChannel) {
        channels.removeAll { $0 === channel }
    }
}
