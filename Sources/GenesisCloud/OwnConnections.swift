internal import AsyncHTTPClient
internal import NIOCore

/// The library's own connections: made on first use, kept for the life of the process.
enum OwnConnections {
    static let reading = HTTPClient(
        eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: makeConfiguration())

    /// One request per connection. On a reused one, a server that closes it at that moment leaves open whether it
    /// acted on the request.
    static let writing: HTTPClient = {
        var configuration = makeConfiguration()
        configuration.maximumUsesPerConnection = 1
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }()

    private static func makeConfiguration() -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(10)
        configuration.connectionPool.idleTimeout = .seconds(30)
        // Repeating is this library's decision: it knows which requests may be repeated.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
