import NIOPosix

extension SSHCredential {
    /// Public key authentication with a key file, encrypted or not.
    ///
    /// The file is decrypted here, on a thread of its own and before any server is contacted.
    ///
    /// - Parameters:
    ///   - user: Who logs in.
    ///   - pem: The content of the file, such as `~/.ssh/id_ed25519`.
    ///   - passphrase: What it was encrypted with.
    /// - Throws: ``SSHError``, as ``SSHPrivateKey/init(pem:passphrase:)`` does.
    public static func keyFile(user: String, pem: String, passphrase: String? = nil) async throws -> SSHCredential {
        let key = try await NIOThreadPool.singleton.runIfActive { try SSHPrivateKey(pem: pem, passphrase: passphrase) }
        return .privateKey(user: user, key)
    }
}
