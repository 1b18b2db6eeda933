import NIOPosix

/// How the server proves who it is. Checked before anything about the user is sent.
public enum SSHHostKeyCheck: Sendable {
    /// Only this key; the server is asked for a key of its kind.
    case pinned(SSHPublicKey)
    /// Only keys by which these files know the host; the server is asked for those kinds. A host that they do not know
    /// is refused with ``SSHError/Code-swift.enum/hostKeyUnknown``.
    case knownHosts(SSHKnownHosts)
    /// The same, but a host that the files do not know is believed this once and its key appended to the file `path`,
    /// which is made (mode 0600) when it does not exist. What `ssh` calls `StrictHostKeyChecking accept-new`.
    case acceptNew(SSHKnownHosts, appendTo: String)
    /// The caller decides, for instance by asking a person; the login deadline keeps running meanwhile.
    case accept(@Sendable (SSHPublicKey) async throws -> Bool)
}

extension SSHHostKeyCheck {
    /// What libssh2 may be asked for, best first. One RSA key signs in three ways; which of them exist depends on its
    /// version.
    private static let algorithms: [(key: String, signatures: [String])] = [
        ("ssh-ed25519", ["ssh-ed25519"]), ("ecdsa-sha2-nistp256", ["ecdsa-sha2-nistp256"]),
        ("ecdsa-sha2-nistp384", ["ecdsa-sha2-nistp384"]), ("ecdsa-sha2-nistp521", ["ecdsa-sha2-nistp521"]),
        ("ssh-rsa", ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]),
    ]

    /// The algorithms to ask the server for; empty for libssh2's own choice.
    func wantedAlgorithms(of endpoint: SSHEndpoint) throws -> [String] {
        switch self {
        case .accept:
            return []
        case .pinned(let key):
            return Self.algorithms.first { $0.key == key.algorithm }?.signatures ?? [key.algorithm]
        case .knownHosts(let hosts), .acceptNew(let hosts, _):
            // Otherwise a host known by its Ed25519 key could answer with another, which nobody knows.
            let kinds = hosts.keys(of: endpoint).map(\.algorithm)
            guard let first = kinds.first else { return Self.algorithms.flatMap(\.signatures) }
            let wanted = Self.algorithms.filter { kinds.contains($0.key) }.flatMap(\.signatures)
            guard !wanted.isEmpty else {
                throw SSHError(
                    .unsupportedKey,
                    "\(endpoint) is known only by a key of kind \(printable(first)), which cannot be verified")
            }
            return wanted
        }
    }

    /// What can be said without a person and without writing a file; `nil` when only ``verify(_:of:)`` can tell.
    func judgement(of presented: SSHPublicKey, of endpoint: SSHEndpoint) -> Result<Void, SSHError>? {
        switch self {
        case .pinned(let expected):
            guard presented == expected else {
                return .failure(
                    SSHError(
                        .hostKeyMismatch,
                        "\(endpoint) proved to hold \(presented.fingerprint), expected \(expected.fingerprint)"))
            }
            return .success(())
        case .knownHosts(let hosts):
            let verdict = hosts.check(presented, of: endpoint)
            guard case .known = verdict else { return .failure(.hostKey(presented, verdict, endpoint, hosts)) }
            return .success(())
        case .acceptNew(let hosts, _):
            switch hosts.check(presented, of: endpoint) {
            case .known: return .success(())
            case .unknown: return nil
            case let verdict: return .failure(.hostKey(presented, verdict, endpoint, hosts))
            }
        case .accept:
            return nil
        }
    }

    /// Asks whoever has the say, and remembers a new host where that is wanted.
    func verify(_ presented: SSHPublicKey, of endpoint: SSHEndpoint) async throws {
        if let judgement = judgement(of: presented, of: endpoint) { return try judgement.get() }
        switch self {
        case .acceptNew(_, let path):
            try await NIOThreadPool.singleton.runIfActive {
                try KnownHostsFile.append(presented, of: endpoint, to: path)
            }
        case .accept(let decide):
            guard try await decide(presented) else {
                throw SSHError(
                    .hostKeyMismatch, "the host key \(presented.fingerprint) of \(endpoint) was not accepted")
            }
        case .pinned, .knownHosts:
            break
        }
    }
}
