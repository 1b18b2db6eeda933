import NIOCore
import NIOPosix

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An ssh-agent that runs on this machine: it holds private keys and signs with them, and never gives them away
/// (draft-ietf-sshm-ssh-agent). Each question is a connection of its own to the agent's socket.
public struct SSHAgent: Sendable, Hashable, CustomStringConvertible {
    /// A key that the agent can sign with.
    public struct Identity: Sendable, Hashable {
        /// Its public half.
        public let key: SSHPublicKey
        /// What whoever added it called it; often a path or an address.
        public let comment: String
    }

    /// The UNIX socket on which it listens.
    public let socketPath: String
    /// How long one answer may take; some agents ask a person before they sign.
    public let timeout: Duration

    /// An agent whose socket is known.
    public init(socketPath: String, timeout: Duration = .seconds(15)) {
        self.socketPath = socketPath
        self.timeout = timeout
    }

    /// The agent that `SSH_AUTH_SOCK` of this process names.
    ///
    /// - Throws: ``SSHError`` with ``SSHError/Code-swift.enum/agentUnavailable`` when it names none.
    public static func fromEnvironment() throws -> SSHAgent {
        guard let path = ProcessInfo.processInfo.environment["SSH_AUTH_SOCK"], !path.isEmpty else {
            throw SSHError(
                .agentUnavailable, "SSH_AUTH_SOCK is not set: start an agent with `eval $(ssh-agent)`, then `ssh-add`")
        }
        return SSHAgent(socketPath: path)
    }

    /// All keys it can sign with now.
    ///
    /// - Throws: ``SSHError`` with ``SSHError/Code-swift.enum/agentUnavailable``.
    public func identities() async throws -> [Identity] {
        try await identities(on: MultiThreadedEventLoopGroup.singleton.next()).get()
    }

    /// Says what it is, not where.
    public var description: String { "ssh-agent" }

    func identities(on loop: any EventLoop) -> EventLoopFuture<[Identity]> {
        ask(SSHAgentMessage.requestIdentities, on: loop).flatMapThrowing { try SSHAgentMessage.identities(in: $0) }
    }

    /// A signature by one of its keys, as ``SSHSigner`` wants it.
    func signature(for message: [UInt8], by key: SSHPublicKey, on loop: any EventLoop) -> EventLoopFuture<[UInt8]> {
        ask(SSHAgentMessage.requestSignature(of: message, by: key), on: loop)
            .flatMapThrowing { try SSHAgentMessage.signature(in: $0, by: key) }
    }

    /// One question and its answer, without their lengths.
    private func ask(_ question: [UInt8], on loop: any EventLoop) -> EventLoopFuture<[UInt8]> {
        guard let bootstrap = ClientBootstrap(validatingGroup: loop) else {
            return loop.makeFailedFuture(SSHError(.agentUnavailable, "this event loop opens no sockets"))
        }
        let answer = loop.makePromise(of: [UInt8].self)
        let limit = timeout
        let path = socketPath
        bootstrap
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SSHAgentExchange(question, answer, limit))
                }
            }
            .connect(unixDomainSocketPath: path)
            .whenFailure { error in
                answer.fail(SSHError(.agentUnavailable, "no ssh-agent listens at \(printable(path)): \(error)"))
            }
        return answer.futureResult
    }
}
