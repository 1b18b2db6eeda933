import CLibSSH2

/// libssh2's error numbers become ours here and nowhere else.
extension SSHError {
    /// A failure of the whole connection.
    static func connection(_ code: Int32, _ detail: String, isLogin: Bool) -> SSHError {
        let said = detail.isEmpty ? "" : ": \(detail)"
        switch code {
        case LIBSSH2_ERROR_SOCKET_DISCONNECT, LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_SEND:
            return SSHError(.connectionLost, "the server ended the connection\(said)", libraryCode: code)
        case LIBSSH2_ERROR_AUTHENTICATION_FAILED, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
            return SSHError(
                .authenticationRefused, "the server accepts neither this user nor this key\(said)", libraryCode: code)
        case LIBSSH2_ERROR_PASSWORD_EXPIRED:
            return SSHError(
                .passwordExpired, "the server wants the password changed first; log in with `ssh` and do so",
                libraryCode: code)
        case LIBSSH2_ERROR_KEX_FAILURE, LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
            return SSHError(
                .protocolError, "no algorithm in common with the server, or no host key of the expected kind\(said)",
                libraryCode: code)
        case LIBSSH2_ERROR_HOSTKEY_INIT, LIBSSH2_ERROR_HOSTKEY_SIGN:
            return SSHError(.hostKeyMismatch, "the server did not prove its host key\(said)", libraryCode: code)
        case LIBSSH2_ERROR_ALLOC:
            return SSHError(
                .protocolError, "the connection reached its memory limit\(said)", libraryCode: code)
        default:
            let what = isLogin ? "the login failed" : "the connection broke"
            return SSHError(.protocolError, "\(what)\(said)", libraryCode: code)
        }
    }

    /// Whether the two sides have no algorithm in common.
    var isDisagreement: Bool {
        libraryCode == LIBSSH2_ERROR_KEX_FAILURE || libraryCode == LIBSSH2_ERROR_METHOD_NOT_SUPPORTED
    }

    /// Whether a failed call on one channel leaves the connection usable.
    static func isChannelOnly(_ code: Int32) -> Bool {
        switch code {
        case LIBSSH2_ERROR_CHANNEL_FAILURE, LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED, LIBSSH2_ERROR_CHANNEL_CLOSED,
            LIBSSH2_ERROR_CHANNEL_EOF_SENT, LIBSSH2_ERROR_REQUEST_DENIED, LIBSSH2_ERROR_CHANNEL_UNKNOWN,
            // What was to be sent is larger than a packet, and nothing was.
            LIBSSH2_ERROR_INVAL:
            true
        default:
            false
        }
    }

    /// libssh2 waits no more than a minute for any one answer.
    static func isTimeout(_ code: Int32) -> Bool {
        code == LIBSSH2_ERROR_TIMEOUT
    }

    static func channel(_ code: Int32, _ what: String) -> SSHError {
        SSHError(.channelFailed, what, libraryCode: code)
    }
}
