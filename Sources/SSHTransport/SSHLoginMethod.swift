/// One way to prove who one is. Holds secrets; neither its description nor a dump shows them.
public struct SSHLoginMethod: Sendable, CustomStringConvertible, CustomReflectable {
    enum Kind: Sendable {
        case privateKey(SSHPrivateKey)
        case password(String)
        case interactive(@Sendable (SSHChallenge) -> [String]?)
        case agent(SSHAgent)
    }

    let kind: Kind

    /// A key that this process holds (RFC 4252 7).
    public static func privateKey(_ key: SSHPrivateKey) -> SSHLoginMethod {
        SSHLoginMethod(kind: .privateKey(key))
    }

    /// A password (RFC 4252 8). A server that offers only "keyboard-interactive" gets it as the answer to the one
    /// question for something secret that it may ask. It is sent once in either way; a server that wants it changed ends
    /// the login with ``SSHError/Code-swift.enum/passwordExpired``.
    public static func password(_ password: String) -> SSHLoginMethod {
        SSHLoginMethod(kind: .password(password))
    }

    /// Questions of the server, such as for a one-time code (RFC 4256).
    ///
    /// - Parameter answer: Gets each set of questions and returns as many answers, or `nil` to give up. Called on the
    ///   connection's event loop, in the middle of a call of libssh2, which cannot wait: it answers at once from what it
    ///   knows. Ask people before connecting.
    public static func keyboardInteractive(
        _ answer: @escaping @Sendable (SSHChallenge) -> [String]?
    ) -> SSHLoginMethod {
        SSHLoginMethod(kind: .interactive(answer))
    }

    /// The keys of an ssh-agent, in its order: at most six, Ed25519 and ECDSA only (see ``SSHPrivateKey`` for why not
    /// RSA). The agent is asked when its turn has come; without one, or without keys in it, the next method is tried.
    public static func agent(_ agent: SSHAgent) -> SSHLoginMethod {
        SSHLoginMethod(kind: .agent(agent))
    }

    /// What it is, in words.
    public var description: String {
        switch kind {
        case .privateKey(let key): "key \(key.publicKey.fingerprint)"
        case .password: "password"
        case .interactive: "keyboard-interactive"
        case .agent: "ssh-agent"
        }
    }

    /// Empty: a mirror would show the secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a server asks in one step of "keyboard-interactive" (RFC 4256 3.2). The texts are the server's.
public struct SSHChallenge: Sendable, Hashable {
    /// One question.
    public struct Prompt: Sendable, Hashable {
        /// For example `Password: `.
        public let text: String
        /// Whether the answer may be seen while it is typed; `false` for secrets.
        public let isEchoed: Bool
    }

    /// What the questions are about; often empty.
    public let name: String
    /// More about it; often empty.
    public let instruction: String
    /// May be empty: then the server only says something and expects no answers.
    public let prompts: [Prompt]
    /// Counts the sets of questions of one login, from 1.
    public let round: Int
}
