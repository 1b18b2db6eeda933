/// Signs for one public key, at once or later. Used on one event loop.
final class SSHSigner {
    enum Signature {
        /// Without the algorithm's name in front, which libssh2 adds.
        case ready([UInt8])
        /// Ask again with the same message.
        case pending
        case failed
    }

    let publicKey: SSHPublicKey
    private let sign: ([UInt8]) -> Signature

    init(publicKey: SSHPublicKey, sign: @escaping ([UInt8]) -> Signature) {
        self.publicKey = publicKey
        self.sign = sign
    }

    convenience init(_ key: SSHPrivateKey) {
        self.init(publicKey: key.publicKey) { message in
            (try? key.signature(for: message)).map { .ready($0) } ?? .failed
        }
    }

    func signature(for message: [UInt8]) -> Signature {
        sign(message)
    }
}
