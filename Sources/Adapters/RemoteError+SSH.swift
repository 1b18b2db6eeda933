import MayflyCore
import SSHTransport

extension RemoteError {
    /// An error of an established connection.
    init(_ error: SSHError) {
        switch error.code {
        case .channelFailed, .protocolError, .fileSystemUnavailable, .fileOperationFailed:
            self.init(kind: .protocolFailure, message: error.message)
        default: self.init(kind: .connectionLost, message: error.message)
        }
    }

    /// An error of a login. Until the pinned key first matched, another key means "not ready yet": an image shows its
    /// own before first boot installs ours. Afterwards it is an attack.
    init(_ error: SSHError, at endpoint: RemoteEndpoint, hasMatched: Bool) {
        let place = "\(endpoint.address):\(endpoint.port)"
        switch error.code {
        case .hostKeyMismatch where hasMatched, .hostKeyRevoked:
            self.init(
                kind: .hostKeyMismatch,
                message:
                    "\(place) shows another SSH host key than before: somebody may be in between (\(error.message))")
        case .hostKeyMismatch:
            self.init(
                kind: .notReady,
                message: "SSH at \(place) shows another host key than the one first boot installs (not applied yet?)")
        case .authenticationRefused:
            self.init(
                kind: .loginRefused,
                message: "SSH at \(place) refuses user \(endpoint.user) (first boot not done, or ssh.user is wrong)")
        default:
            self.init(kind: .notReady, message: "SSH at \(place) does not answer yet: \(error.message)")
        }
    }
}
