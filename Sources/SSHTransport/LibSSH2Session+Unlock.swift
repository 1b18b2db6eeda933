import CLibSSH2

extension LibSSH2Session {
    /// Decrypts a private key file of OpenSSH's format, without a peer. `nil` when the passphrase is not the right one.
    ///
    /// libssh2 has the cipher and the key derivation (bcrypt) but no call that returns a decrypted key: it only logs in
    /// with one. So a session whose peer is gone begins such a login, gets no further than the decryption, and the
    /// session's allocator sees the plain text when libssh2 gives it back. It is copied then, and wiped, which libssh2
    /// leaves undone.
    ///
    /// Slow by design (a tenth of a second with `ssh-keygen`'s defaults): not for event loops.
    ///
    /// - Parameters:
    ///   - pem: One key, checked before to be well formed.
    ///   - passphrase: Not empty, without a zero byte.
    ///   - algorithm: The kind of the key, by which the plain text is recognised.
    ///   - count: Bytes of the encrypted section.
    static func unlock(pem: String, passphrase: String, algorithm: String, count: Int) throws -> [UInt8]? {
        guard initialised == 0 else { throw SSHError(.protocolError, "libssh2 could not be initialised") }
        let catcher = Catcher(algorithm: algorithm, count: count)
        return try withExtendedLifetime(catcher) {
            var box = unsafe clibssh2_box(
                owner: Unmanaged.passUnretained(catcher).toOpaque(),
                send: { _, _, count in count },
                recv: { _, _, _ in 0 },
                exit_status: { _, _ in },
                released: { owner, block, size in
                    unsafe Unmanaged<Catcher>.fromOpaque(owner).takeUnretainedValue()
                        .inspect(UnsafeMutableRawBufferPointer(start: block, count: size))
                },
                used: 0,
                limit: 4 << 20,
                largest: 0,
                pad: 0
            )
            return unsafe try withUnsafeMutablePointer(to: &box) { box in
                guard let session = unsafe clibssh2_session_new(box) else {
                    throw SSHError(.protocolError, "libssh2 could not allocate a session")
                }
                // Fails in any case: nobody is there to log in to.
                _ = unsafe libssh2_userauth_publickey_frommemory(
                    session, "", 0, nil, 0, pem, pem.utf8.count, passphrase)
                for _ in 0..<1000 where unsafe libssh2_session_free(session) != LIBSSH2_ERROR_EAGAIN { break }
                return catcher.section
            }
        }
    }

    /// Recognises the decrypted section: twice the same number, then the kind of the key (OpenSSH's `PROTOCOL.key`).
    private final class Catcher {
        private let count: Int
        private let kind: [UInt8]
        private(set) var section: [UInt8]?

        init(algorithm: String, count: Int) {
            self.count = count
            var writer = SSHBlobWriter()
            writer.string(algorithm)
            kind = writer.bytes
        }

        func inspect(_ block: UnsafeMutableRawBufferPointer) {
            guard count >= 8 + kind.count, block.count >= count, unsafe block[0..<4].elementsEqual(block[4..<8]),
                unsafe block[8..<(8 + kind.count)].elementsEqual(kind)
            else { return }
            if section == nil { section = unsafe Array(block[0..<count]) }
            unsafe block.initializeMemory(as: UInt8.self, repeating: 0)
        }
    }
}
