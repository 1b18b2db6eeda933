import NIOCore

/// One login: asks what the server offers, tries the methods in order, each once, and says in the end what was tried.
/// Lives on the connection's event loop.
final class SSHLogin {
    enum Progress {
        case waiting
        case loggedIn
        case failed(SSHError)
    }

    /// What is still to be tried.
    enum Candidate {
        case method(SSHLoginMethod)
        /// One of an agent's keys.
        case identity(SSHAgent, SSHPublicKey)
    }

    /// A method that is being tried.
    struct Attempt {
        /// In words, for the error.
        let name: () -> String
        /// The call into libssh2, to be repeated until it has ended.
        let call: () -> SSHStep<Void>
        /// Why it must not go on, whatever libssh2 says.
        var failure: () -> SSHError? = { nil }
    }

    private enum Phase {
        case asking
        case choosing
        /// An agent lists its keys.
        case fetching
        case trying(Attempt)
    }

    let user: String
    let session: LibSSH2Session
    let loop: any EventLoop
    /// Makes the engine take the next step.
    let wake: () -> Void
    var left: [Candidate]
    /// What was refused, in words for the error.
    var refused: [String] = []
    /// What went wrong beside, in words for the error.
    var notes: [String] = []
    /// Why an agent gave no keys.
    var agentFailure: SSHError?
    private var phase: Phase
    /// What the server offers, in its words; `nil` until it was asked.
    private var offered: [String]?
    private var hasTriedSinceAsking = false

    init(_ credential: SSHCredential, _ session: LibSSH2Session, loop: any EventLoop, wake: @escaping () -> Void) {
        user = credential.user
        self.session = session
        self.loop = loop
        self.wake = wake
        left = credential.methods.map { .method($0) }
        if credential.methods.count == 1, case .privateKey = credential.methods[0].kind {
            // Every server that logs in by key offers it: the question would cost a round trip.
            phase = .choosing
        } else {
            phase = .asking
        }
    }

    func step() -> Progress {
        while true {
            switch phase {
            case .asking:
                switch session.offeredMethods(user: user) {
                case .again: return .waiting
                case .failed(let code): return .failed(explanation(of: failure(code)))
                case .done(nil): return .loggedIn
                case .done(let methods?):
                    offered = methods
                    hasTriedSinceAsking = false
                    phase = .choosing
                }
            case .choosing:
                guard choose() else { return .failed(refusal) }
            case .fetching:
                return .waiting
            case .trying(let attempt):
                let outcome = attempt.call()
                if let failure = attempt.failure() { return .failed(failure) }
                switch outcome {
                case .again: return .waiting
                case .done: return .loggedIn
                case .failed(let code):
                    guard LibSSH2Session.isRefusal(code) else { return .failed(explanation(of: failure(code))) }
                    refused.append(attempt.name())
                    phase = .choosing
                }
            }
        }
    }

    /// What a loss of the connection means here: after refusals it is the server's way to say "enough".
    func explanation(of error: SSHError) -> SSHError {
        guard !refused.isEmpty, error.code == .connectionLost else { return error }
        return refusal
    }

    // MARK: Choosing

    /// Enters the next phase, or returns that there is nothing left to do.
    private func choose() -> Bool {
        for (index, candidate) in left.enumerated() {
            if case .method(let method) = candidate, case .agent(let agent) = method.kind, offers("publickey") {
                left.remove(at: index)
                phase = .fetching
                // May be over at once.
                fetchIdentities(of: agent, at: index)
                return true
            }
            guard let attempt = attempt(for: candidate) else { continue }
            left.remove(at: index)
            hasTriedSinceAsking = true
            phase = .trying(attempt)
            return true
        }
        // A server that wants several methods offers the next when it has seen the one before. Otherwise the question
        // tells at least what would be possible.
        guard hasTriedSinceAsking, offered == nil || !left.isEmpty else { return false }
        phase = .asking
        return true
    }

    /// The agent has listed its keys, or failed to.
    func fetched(_ identities: [Candidate], at index: Int) {
        left.insert(contentsOf: identities, at: index)
        phase = .choosing
        wake()
    }

    func offers(_ name: String) -> Bool {
        offered?.contains(name) ?? true
    }

    private func attempt(for candidate: Candidate) -> Attempt? {
        switch candidate {
        case .identity(let agent, let key): offers("publickey") ? signed(by: key, of: agent) : nil
        case .method(let method): attempt(for: method)
        }
    }

    private func attempt(for method: SSHLoginMethod) -> Attempt? {
        let session = session
        let user = user
        switch method.kind {
        case .privateKey(let key):
            guard offers("publickey") else { return nil }
            let signer = SSHSigner(key)
            // Its name holds the key's fingerprint, which only a refusal is worth.
            return Attempt(name: { "\(method)" }) { session.authenticate(user: user, signer: signer) }
        case .password(let password):
            if offers("password") {
                return Attempt(name: { "password" }) { session.authenticate(user: user, password: password) }
            }
            return interactive("password by keyboard-interactive", SSHResponder(password: password))
        case .interactive(let answer):
            return interactive("keyboard-interactive", SSHResponder(answer))
        case .agent:
            return nil
        }
    }

    private func interactive(_ name: String, _ responder: SSHResponder) -> Attempt? {
        let session = session
        let user = user
        guard offers("keyboard-interactive") else { return nil }
        return Attempt(
            name: { name }, call: { session.authenticate(user: user, responder: responder) },
            failure: { responder.failure })
    }

    // MARK: What is said in the end

    private func failure(_ code: Int32) -> SSHError {
        .connection(code, session.lastMessage, isLogin: true)
    }

    private var refusal: SSHError {
        if let agentFailure, refused.isEmpty, left.isEmpty { return agentFailure }
        var parts = [refused.isEmpty ? "nothing could be tried" : "refused: \(refused.joined(separator: ", "))"]
        let unwanted = left.compactMap { if case .method(let method) = $0 { "\(method)" } else { nil } }
        if !unwanted.isEmpty { parts.append("not offered: \(unwanted.joined(separator: ", "))") }
        parts += notes
        let offer = (offered?.isEmpty == false ? offered : nil)?.joined(separator: ", ") ?? "nothing else"
        parts.append("the server offers: \(offer)")
        return SSHError(
            .authenticationRefused, "the server does not let \(printable(user)) in (\(parts.joined(separator: "; ")))")
    }
}
