import NIOCore

/// Key exchange, authentication, and the sign of life afterwards.
extension SSHEngine {
    func handshake(hostKeys: [String], _ waiting: @escaping (Result<[UInt8], any Error>) -> Void) {
        if let lost { return waiting(.failure(withoutBanner(lost))) }
        let refused = hostKeys.isEmpty ? 0 : session.preferHostKeys(hostKeys)
        guard refused == 0 else {
            return waiting(
                .failure(
                    SSHError(
                        .unsupportedKey, "this libssh2 cannot verify host keys of kind \(hostKeys[0])",
                        libraryCode: refused)))
        }
        exclusives.append(
            Exclusive { [unowned self] in
                switch session.handshake() {
                case .again:
                    return false
                case .done:
                    waiting(.success(session.hostKey ?? []))
                case .failed(let code):
                    let error = SSHError.connection(code, session.lastMessage, isLogin: true)
                    lose(error)
                    waiting(.failure(error))
                }
                return true
            } fail: { [unowned self] error in
                waiting(.failure(withoutBanner(error)))
            })
        pump()
    }

    /// A peer that left before it said anything is no SSH server yet: a machine that is still booting.
    private func withoutBanner(_ error: SSHError) -> SSHError {
        guard error.code == .connectionLost, session.banner == nil else { return error }
        return SSHError(.closedBeforeBanner, "the server closed the connection before it said that it speaks SSH")
    }

    func authenticate(_ credential: SSHCredential, _ waiting: @escaping (Result<Void, any Error>) -> Void) {
        guard lost == nil, let eventLoop else {
            return waiting(.failure(lost ?? SSHError(.closed, "the socket is gone")))
        }
        let login = SSHLogin(credential, session, loop: eventLoop) { [weak self] in self?.pump() }
        exclusives.append(
            Exclusive { [unowned self] in
                switch login.step() {
                case .waiting:
                    return false
                case .loggedIn:
                    isLoggedIn = true
                    session.memoryLimit = configuration.memoryLimit
                    startKeepalive()
                    waiting(.success(()))
                case .failed(let error):
                    lose(error)
                    waiting(.failure(error))
                }
                return true
            } fail: { error in
                waiting(.failure(login.explanation(of: error)))
            })
        pump()
    }

    // MARK: Sign of life

    private func startKeepalive() {
        guard let context, configuration.keepaliveInterval > .zero else { return }
        let interval = TimeAmount(configuration.keepaliveInterval)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        keepaliveTimer = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.checkLife()
        }
    }

    private func checkLife() {
        guard lost == nil, peerGone == nil else { return }
        let now = NIODeadline.now()
        let interval = TimeAmount(configuration.keepaliveInterval)
        guard wire.inbound.readableBytes < configuration.inboundLimit else {
            // It is we who do not listen.
            unansweredSince = nil
            return
        }
        if let since = unansweredSince {
            let silence = interval * max(1, configuration.keepaliveLimit)
            if now - since >= silence {
                let limit = configuration.keepaliveInterval * max(1, configuration.keepaliveLimit)
                lose(SSHError(.connectionLost, "the server has not answered for \(limit)"))
                return pump()
            }
        }
        if now - lastReceived >= interval || wire.inbound.readableBytes > 0 { askForLife(now) }
        pump()
    }

    private func askForLife(_ now: NIODeadline) {
        guard exclusives.isEmpty else {
            // Whatever is under way waits for an answer as well.
            if unansweredSince == nil, exclusives.first?.waitsForThirdParty == false { unansweredSince = now }
            return
        }
        // The answer clears it; this question leaves nothing else behind.
        unansweredSince = unansweredSince ?? now
        if owesAnAnswer { session.askForLife() } else { enqueueProbe() }
    }

    /// Without channel or operation nobody reads, and a server that asks for a sign of life gets none before our own next
    /// question. Not for what the last probe itself brought.
    func answerIfIdle() {
        guard isLoggedIn, lost == nil, !owesAnAnswer, channels.isEmpty, exclusives.isEmpty,
            wire.inbound.readableBytes > 0,
            NIODeadline.now() - lastProbe > .seconds(3)
        else { return }
        enqueueProbe()
        pump()
    }

    /// Opens a channel and closes it: libssh2 reads while it waits for that answer, answers the server's own questions on
    /// the way, and no reply is left behind. The answers to its own keepalive requests it keeps for ever, in a list that
    /// every read walks through.
    private func enqueueProbe() {
        lastProbe = .now()
        var handle: SSHChannelHandle?
        exclusives.append(
            Exclusive { [unowned self] in
                if handle == nil {
                    switch session.openChannel(window: 0) {
                    case .again: return false
                    case .done(let opened): handle = opened
                    case .failed(let code): note(code)
                    }
                }
                guard let opened = handle else { return true }
                if case .again = session.close(opened) { return false }
                return true
            } fail: { _ in
            })
    }
}
