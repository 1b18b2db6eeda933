import NIOCore

/// Logging in with the keys of an agent.
extension SSHLogin {
    /// Servers count each key as an attempt; OpenSSH's end the connection after six.
    private static let identityLimit = 6

    /// Kinds whose signatures libssh2 can pass on, also of keys in hardware that an agent signs with like with others.
    private static func isUsable(_ key: SSHPublicKey) -> Bool {
        [
            "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        ].contains(key.algorithm)
    }

    /// Asks the agent for its keys; they become candidates in the place where the agent stood.
    func fetchIdentities(of agent: SSHAgent, at index: Int) {
        agent.identities(on: loop).assumeIsolated().whenComplete { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let identities):
                let usable = identities.filter { Self.isUsable($0.key) }
                noteSkipped(identities.filter { !Self.isUsable($0.key) }.map(\.key), beyond: usable.count)
                fetched(usable.prefix(Self.identityLimit).map { .identity(agent, $0.key) }, at: index)
            case .failure(let error):
                let failure = error as? SSHError ?? SSHError(.agentUnavailable, "the ssh-agent failed: \(error)")
                agentFailure = failure
                notes.append(failure.message)
                fetched([], at: index)
            }
        }
    }

    private func noteSkipped(_ skipped: [SSHPublicKey], beyond usable: Int) {
        let rsa = skipped.count { $0.algorithm == "ssh-rsa" }
        if rsa > 0 {
            notes.append(
                "skipped \(rsa) RSA of the agent's keys: libssh2 \(SSHLibrary.version) signs with SHA-1, which OpenSSH "
                    + "refuses since 8.8")
        }
        if skipped.count > rsa { notes.append("skipped \(skipped.count - rsa) of the agent's keys of other kinds") }
        if usable > Self.identityLimit {
            notes.append("only the first \(Self.identityLimit) of the agent's \(usable) keys were offered")
        }
        if skipped.isEmpty, usable == 0 { notes.append("the ssh-agent holds no keys (`ssh-add FILE` adds one)") }
    }

    /// libssh2 asks for the signature inside a call, and asks again with the next call when told that there is none yet.
    func signed(by key: SSHPublicKey, of agent: SSHAgent) -> Attempt {
        var signature: SSHSigner.Signature?
        let loop = loop
        let signer = SSHSigner(publicKey: key) { [weak self] message in
            if let signature { return signature }
            signature = .pending
            agent.signature(for: message, by: key, on: loop).assumeIsolated().whenComplete { [weak self] result in
                switch result {
                case .success(let bytes):
                    signature = .ready(bytes)
                case .failure(let error):
                    signature = .failed
                    self?.notes.append((error as? SSHError)?.message ?? "the ssh-agent failed: \(error)")
                }
                self?.wake()
            }
            return .pending
        }
        let session = session
        let user = user
        return Attempt(name: { "agent's key \(key.fingerprint)" }) { session.authenticate(user: user, signer: signer) }
    }
}
