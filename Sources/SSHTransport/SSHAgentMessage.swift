/// The messages of the agent protocol that are needed here (draft-ietf-sshm-ssh-agent 3), without their lengths.
enum SSHAgentMessage {
    /// What OpenSSH's agent takes and sends at most.
    static let sizeLimit = 256 << 10
    private static let keyLimit = 2048

    private static let failure: UInt8 = 5
    private static let identitiesAnswer: UInt8 = 12
    private static let signResponse: UInt8 = 14

    static let requestIdentities: [UInt8] = [11]

    static func requestSignature(of message: [UInt8], by key: SSHPublicKey) -> [UInt8] {
        var writer = SSHBlobWriter()
        writer.raw([13])
        writer.string(key.blob)
        writer.string(message)
        // The flags choose between RSA's kinds of signatures.
        writer.integer(0)
        return writer.bytes
    }

    /// Keys whose encoding is damaged are left out.
    static func identities(in answer: [UInt8]) throws -> [SSHAgent.Identity] {
        var reader = try body(of: answer, identitiesAnswer)
        guard let count = reader.integer(), count <= keyLimit else { throw damaged }
        var identities: [SSHAgent.Identity] = []
        for _ in 0..<count {
            guard let blob = reader.string(), let comment = reader.string() else { throw damaged }
            guard let key = try? SSHPublicKey(blob: blob) else { continue }
            identities.append(.init(key: key, comment: String(decoding: comment, as: UTF8.self)))
        }
        return identities
    }

    /// Without the algorithm's name in front, which must be the key's own.
    static func signature(in answer: [UInt8], by key: SSHPublicKey) throws -> [UInt8] {
        var reader = try body(of: answer, signResponse)
        guard let blob = reader.string() else { throw damaged }
        var inner = SSHBlobReader(blob)
        guard inner.text() == key.algorithm, let signature = inner.string(), !signature.isEmpty, inner.isAtEnd else {
            throw damaged
        }
        return signature
    }

    private static func body(of answer: [UInt8], _ expected: UInt8) throws -> SSHBlobReader {
        switch answer.first {
        case expected: return SSHBlobReader(answer.dropFirst())
        case failure:
            throw SSHError(.agentUnavailable, "the ssh-agent refused; it may be locked, or was told not to sign")
        default: throw damaged
        }
    }

    private static var damaged: SSHError {
        SSHError(.agentUnavailable, "what the ssh-agent answered is damaged")
    }
}
