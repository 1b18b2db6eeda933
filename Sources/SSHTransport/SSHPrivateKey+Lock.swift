extension SSHPrivateKey {
    /// The encrypted part of a key file and what is written about its encryption (OpenSSH's `PROTOCOL.key`).
    struct Lock {
        let cipher: String
        let kdf: String
        let options: [UInt8]
        let publicBlob: [UInt8]
        let section: [UInt8]

        /// Those of `ssh-keygen -Z` that libssh2 1.10 has as well.
        private static let ciphers: Set<String> = [
            "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-cbc", "aes192-cbc", "aes256-cbc",
        ]
        /// `ssh-keygen` writes 16 or 24; one round costs milliseconds and a file must not be able to ask for hours.
        private static let roundLimit: UInt32 = 1000

        /// The plain text.
        func open(_ passphrase: String?, algorithm: String) throws -> [UInt8] {
            guard kdf == "bcrypt", Self.ciphers.contains(cipher) else {
                throw SSHError(
                    .unsupportedKey,
                    "the private key is encrypted in a way that libssh2 cannot read (\(printable(cipher))); "
                        + "rewrite it with `ssh-keygen -p -Z aes256-ctr -f FILE`")
            }
            var reader = SSHBlobReader(options)
            guard let salt = reader.string(), let rounds = reader.integer(), reader.isAtEnd,
                (1...256).contains(salt.count),
                rounds > 0, !section.isEmpty, section.count % 16 == 0
            else { throw SSHPrivateKey.damaged }
            guard rounds <= Self.roundLimit else {
                throw SSHError(
                    .unsupportedKey,
                    "decrypting the private key would take too long (\(rounds) rounds); "
                        + "rewrite it with `ssh-keygen -p -a 24 -f FILE`")
            }
            guard let passphrase, !passphrase.isEmpty else {
                throw SSHError(
                    .passphraseRequired,
                    "the private key is encrypted: give its passphrase, or use ssh-agent (`ssh-add FILE`)")
            }
            // Written anew from checked parts: libssh2 sees nothing else of the file.
            let pem = SSHPrivateKey.armoured(
                SSHPrivateKey.envelope(
                    cipher: cipher, kdf: kdf, options: options, publicBlob: publicBlob, section: section))
            let plain =
                passphrase.utf8.contains(0)
                ? nil
                : try LibSSH2Session.unlock(
                    pem: pem, passphrase: passphrase, algorithm: algorithm, count: section.count)
            guard let plain else {
                throw SSHError(
                    .wrongPassphrase,
                    "the passphrase does not open the private key; `ssh-keygen -y -f FILE` shows whether it is known")
            }
            return plain
        }
    }
}
