internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOPosix

extension Transport {
    /// What it means that a request ended without an answer. The only place that maps the HTTP client's errors.
    ///
    /// - Parameter sent: whether the request's body may have left this process; see ``AnnouncedBody``.
    func failure(_ error: any Error, of call: Call, sent: Bool) -> GenesisCloudError {
        // A request without a body gives no sign of being sent, so a change is then assumed to have happened.
        // A refused connection carried nothing.
        let refused = (error as? IOError)?.errnoCode == POSIXErrorCode.ECONNREFUSED.rawValue
        let mayHaveTakenEffect = call.changesSomething && !refused && (sent || call.body == nil)
        func make(_ code: GenesisCloudError.Code, _ words: String) -> GenesisCloudError {
            let effect = call.aftermath(mayHaveTakenEffect: mayHaveTakenEffect, code)
            return GenesisCloudError(
                code: code, message: "\(call.location) at \(endpoint.authority): \(words)\(effect)",
                operation: call.operation, requestMayHaveTakenEffect: mayHaveTakenEffect, location: call.location)
        }
        if Task.isCancelled || error is CancellationError { return cancelled(call, sent: mayHaveTakenEffect) }
        switch error {
        case is RequestTimedOut:
            return make(.timeout, "no complete answer within \(configuration.requestTimeout)")
        case is NIOTooManyBytesError:
            return make(.badResponse, "the answer is longer than \(configuration.maximumResponseBytes) bytes")
        case let error as HTTPClientError where Self.timeouts.contains(error):
            return make(.timeout, error.shortDescription)
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            return make(.connection, "the connection was closed before the answer was complete")
        case let error as HTTPClientError:
            return make(.connection, error.shortDescription)
        case let error as NIOConnectionError:
            return make(.connection, Self.words(for: error))
        case is IOError where refused:
            return make(.connection, "nothing listens there (connection refused)")
        default:
            let words = token.redacted(from: String(describing: error)).prefix(300)
            return make(.connection, "the connection failed: \(words)")
        }
    }

    func cancelled(_ call: Call, sent: Bool) -> GenesisCloudError {
        GenesisCloudError(
            code: .cancelled,
            message: "\(call.location): cancelled" + (sent ? " while the cloud may have been acting on it" : ""),
            operation: call.operation, requestMayHaveTakenEffect: sent, location: call.location)
    }

    private static let timeouts: [HTTPClientError] = [
        .connectTimeout, .tlsHandshakeTimeout, .readTimeout, .writeTimeout, .deadlineExceeded,
        .getConnectionFromPoolTimeout,
    ]

    private static func words(for error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first {
            return "cannot connect to port \(error.port): \(String(describing: failure.error).prefix(200))"
        }
        if let failure = error.dnsAAAAError ?? error.dnsAError {
            return "the name \(error.host) is not known: \(String(describing: failure).prefix(200))"
        }
        return "cannot connect to \(error.host) port \(error.port)"
    }
}
