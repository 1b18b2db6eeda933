/// Who logs in, and with what. Holds secrets; its description does not.
public struct SSHCredential: Sendable, CustomStringConvertible {
    /// The account on the server.
    public let user: String
    /// In the order in which they are tried.
    public let methods: [SSHLoginMethod]

    /// Several ways to log in (RFC 4252). Each that the server offers is tried once, in this order, on one connection. A
    /// server that wants more than one, such as a key and a password, gets them. Without any method only a server that
    /// asks for nothing lets this user in.
    public init(user: String, methods: [SSHLoginMethod]) {
        self.user = user
        self.methods = methods
    }

    /// Public key authentication (RFC 4252 7).
    public static func privateKey(user: String, _ key: SSHPrivateKey) -> SSHCredential {
        SSHCredential(user: user, methods: [.privateKey(key)])
    }

    /// A password, sent only to a server whose host key has been verified; see ``SSHLoginMethod/password(_:)``.
    public static func password(user: String, _ password: String) -> SSHCredential {
        SSHCredential(user: user, methods: [.password(password)])
    }

    /// The keys of an ssh-agent; see ``SSHLoginMethod/agent(_:)``.
    public static func agent(user: String, _ agent: SSHAgent) -> SSHCredential {
        SSHCredential(user: user, methods: [.agent(agent)])
    }

    /// The user and the names of the methods, never a secret.
    public var description: String {
        "\(user) (\(methods.map(\.description).joined(separator: ", ")))"
    }
}
