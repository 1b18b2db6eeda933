/// One login: asks what the server offers, tries the methods in order, each once, and says in the end what was tried.
final class SSHLogin {
    enum Progress {
        case waiting
        case loggedIn
        case failed(SSHError)
    }

    /// A method that is being tried.
    private struct Attempt {
        /// In words, for the error.
        let name: String
        /// The call into libssh2, to be repeated until it has ended.
        let call: () -> SSHStep<Void>
        /// Why it must not go on, whatever libssh2 says.
        var failure: () -> SSHError? = { nil }
    }

    private enum Phase {
        case asking
        case choosing
        case trying(Attempt)
    }

    private let user: String
    private let session: LibSSH2Session
    private var left: [SSHLoginMethod]
    private var phase: Phase
    /// What the server offers, in its words; `nil` until it was asked.
    private var offered: [String]?
    /// What was refused, in words for the error.
    private var refused: [String] = []
    private var hasTriedSinceAsking = false

    init(_ credential: SSHCredential, _ session: LibSSH2Session) {
        user = credential.user
        self.session = session
        left = credential.methods
        if left.count == 1, case .privateKey = left[0].kind {
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
                if let attempt = next() {
                    hasTriedSinceAsking = true
                    phase = .trying(attempt)
                } else if hasTriedSinceAsking, offered == nil || !left.isEmpty {
                    // A server that wants several methods offers the next when it has seen the one before.
                    phase = .asking
                } else {
                    return .failed(refusal)
                }
            case .trying(let attempt):
                let outcome = attempt.call()
                if let failure = attempt.failure() { return .failed(failure) }
                switch outcome {
                case .again: return .waiting
                case .done: return .loggedIn
                case .failed(let code):
                    guard LibSSH2Session.isRefusal(code) else { return .failed(explanation(of: failure(code))) }
                    refused.append(attempt.name)
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

    private func next() -> Attempt? {
        for (index, method) in left.enumerated() {
            guard let attempt = attempt(for: method) else { continue }
            left.remove(at: index)
            return attempt
        }
        return nil
    }

    private func offers(_ name: String) -> Bool {
        offered?.contains(name) ?? true
    }

    private func attempt(for method: SSHLoginMethod) -> Attempt? {
        let session = session
        let user = user
        switch method.kind {
        case .privateKey(let key):
            guard offers("publickey") else { return nil }
            let signer = SSHSigner(key)
            return Attempt(name: "\(method)") { session.authenticate(user: user, signer: signer) }
        case .password(let password):
            if offers("password") {
                return Attempt(name: "password") { session.authenticate(user: user, password: password) }
            }
            return interactive("password by keyboard-interactive", SSHResponder(password: password))
        case .interactive(let answer):
            return interactive("keyboard-interactive", SSHResponder(answer))
        }
    }

    private func interactive(_ name: String, _ responder: SSHResponder) -> Attempt? {
        let session = session
        let user = user
        guard offers("keyboard-interactive") else { return nil }
        return Attempt(
            name: name, call: { session.authenticate(user: user, responder: responder) },
            failure: { responder.failure })
    }

    // MARK: What is said in the end

    private func failure(_ code: Int32) -> SSHError {
        .connection(code, session.lastMessage, isLogin: true)
    }

    private var refusal: SSHError {
        let tried = refused.isEmpty ? "nothing could be tried" : "refused: \(refused.joined(separator: ", "))"
        let offer = (offered?.isEmpty == false ? offered : nil)?.joined(separator: ", ") ?? "nothing else"
        let rest = left.isEmpty ? "" : "; not offered: \(left.map(\.description).joined(separator: ", "))"
        return SSHError(
            .authenticationRefused,
            "the server does not let \(printable(user)) in (\(tried)\(rest); the server offers: \(offer))")
    }
}
