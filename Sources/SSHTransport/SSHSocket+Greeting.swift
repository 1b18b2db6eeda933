import NIOCore

/// How far a login came in one stay on the loop.
struct SSHGreeting: Sendable {
    let hostKey: SSHPublicKey
    /// About how far away the server is; `nil` when the host key is for somebody else to judge: then nothing about the user
    /// was sent yet.
    let roundTrip: Duration?
    /// Ends the socket. Cancelled already when the login is complete.
    let deadline: Scheduled<Void>
}

/// The steps of logging in. All of these are called on the loop.
extension SSHSocket {
    /// Key exchange and, where the check needs neither a person nor a file, the login as well.
    func greet(
        _ check: SSHHostKeyCheck, _ wanted: [String], _ endpoint: SSHEndpoint, _ credential: SSHCredential,
        _ configuration: SSHConfiguration
    ) -> EventLoopFuture<SSHGreeting> {
        let (bound, loop) = (engine, channel.eventLoop)
        let limit = configuration.handshakeTimeout
        let deadline = loop.scheduleTask(in: TimeAmount(limit)) {
            bound.value.terminate(SSHError(.timedOut, "the login at \(endpoint) took longer than \(limit)"))
        }
        let greeting = handshake(wanted).flatMap { presented -> EventLoopFuture<SSHGreeting> in
            switch check.judgement(of: presented, of: endpoint) {
            case nil:
                return loop.makeSucceededFuture(
                    SSHGreeting(hostKey: presented, roundTrip: nil, deadline: deadline))
            case .failure(let error):
                return loop.makeFailedFuture(error)
            case .success:
                return authenticate(credential).map { roundTrip in
                    SSHGreeting(hostKey: presented, roundTrip: roundTrip, deadline: deadline)
                }
            }
        }
        greeting.whenComplete { result in
            if case .success(let greeting) = result, greeting.roundTrip == nil { return }
            deadline.cancel()
        }
        return greeting
    }

    private func handshake(_ wanted: [String]) -> EventLoopFuture<SSHPublicKey> {
        let promise = channel.eventLoop.makePromise(of: SSHPublicKey.self)
        engine.value.handshake(hostKeys: wanted) { result in
            promise.completeWith(
                result.flatMap { blob in Result { try SSHPublicKey(blob: blob) } }
                    .mapError { Self.explained($0, wanted) })
        }
        return promise.futureResult
    }

    private static func explained(_ error: any Error, _ wanted: [String]) -> any Error {
        guard var error = error as? SSHError, error.isDisagreement, !wanted.isEmpty else { return error }
        error.message += "; host keys asked for: \(wanted.joined(separator: ", "))"
        if wanted.contains("ssh-rsa"), wanted.count == 3 {
            error.message +=
                " (libssh2 verifies RSA only with SHA-1 before 1.11; give the host's Ed25519 key instead)"
        }
        return error
    }

    /// - Returns: how long one exchange takes, about.
    func authenticate(_ credential: SSHCredential) -> EventLoopFuture<Duration> {
        let promise = channel.eventLoop.makePromise(of: Duration.self)
        let began = ContinuousClock.now
        engine.value.authenticate(credential) { result in
            // Two exchanges, and what a server needs to look a user up.
            let exchange = (began.duration(to: .now) - .milliseconds(15)) / 2
            promise.completeWith(result.map { max(.zero, exchange) })
        }
        return promise.futureResult
    }
}
