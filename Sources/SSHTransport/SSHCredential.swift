/// Who logs in, and with what.
public struct SSHCredential: Sendable {
    let user: String
    let key: SSHPrivateKey

    /// Public key authentication (RFC 4252 7).
    public static func privateKey(user: String, _ key: SSHPrivateKey) -> SSHCredential {
        SSHCredential(user: user, key: key)
    }
}

/// How the server proves who it is. Checked before anything about the user is sent.
public enum SSHHostKeyCheck: Sendable {
    /// Only this key; the server is asked for a key of its kind.
    case pinned(SSHPublicKey)
    /// The caller decides, for instance by asking a person; the login deadline keeps running meanwhile.
    case accept(@Sendable (SSHPublicKey) async throws -> Bool)
}
