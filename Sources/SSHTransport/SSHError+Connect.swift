import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What NIO says about a connection that did not come about.
extension SSHError {
    static func connecting(_ error: any Error, _ endpoint: SSHEndpoint, _ limit: Duration) -> SSHError {
        switch error {
        case let error as SSHError:
            return error
        case let error as NIOConnectionError:
            // Several addresses were tried: a refusal says most, as somebody was there to refuse.
            let each = error.connectionErrors.map { connecting($0.error, endpoint, limit) }
            return each.first { $0.code == .connectionRefused } ?? each.first
                ?? SSHError(.unreachable, "the name \(endpoint.host) does not resolve")
        case ChannelError.connectTimeout:
            return SSHError(.timedOut, "\(endpoint) did not answer within \(limit)")
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            return SSHError(.connectionRefused, "nothing listens at \(endpoint)")
        case let error as IOError where error.errnoCode == ETIMEDOUT:
            return SSHError(.timedOut, "\(endpoint) did not answer")
        case let error as IOError where error.errnoCode == ECONNRESET:
            return SSHError(.closedBeforeBanner, "\(endpoint) reset the connection at once")
        default:
            return SSHError(.unreachable, "\(endpoint) cannot be reached: \(error)")
        }
    }
}
