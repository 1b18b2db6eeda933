/// How the server proves who it is. Checked before anything about the user is sent.
public enum SSHHostKeyCheck: Sendable {
    /// Only this key; the server is asked for a key of its kind.
    case pinned(SSHPublicKey)
    /// The caller decides, for instance by asking a person; the login deadline keeps running meanwhile.
    case accept(@Sendable (SSHPublicKey) async throws -> Bool)
}
