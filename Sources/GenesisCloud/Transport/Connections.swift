internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import Synchronization

/// The HTTP clients that requests go through.
struct Connections: Sendable {
    let reading: HTTPClient
    let writing: HTTPClient

    init(own: HTTPClient?, proxy: GenesisCloudClient.ProxyChoice, endpoint: GenesisCloudClient.Endpoint) {
        if let own {
            reading = own
            writing = own
        } else {
            let proxy = proxy.proxy(for: endpoint, environment: ProcessInfo.processInfo.environment)
            self = OwnConnections.through(proxy)
        }
    }

    fileprivate init(proxy: HTTPClient.Configuration.Proxy?) {
        reading = HTTPClient(
            eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: Self.makeConfiguration(proxy))
        // One request per connection. On a reused one, a server that closes it at that moment leaves open whether it
        // acted on the request.
        var configuration = Self.makeConfiguration(proxy)
        configuration.maximumUsesPerConnection = 1
        // The rate limit decides who is next. Behind a few connections a destroy would queue up after slow creates.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        writing = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }

    private static func makeConfiguration(_ proxy: HTTPClient.Configuration.Proxy?) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(10)
        configuration.connectionPool.idleTimeout = .seconds(30)
        // Repeating is this library's decision: it knows which requests may be repeated.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.proxy = proxy
        return configuration
    }
}

/// The library's own connections: made on first use, one set per way out, kept for the life of the process.
private enum OwnConnections {
    private static let made = Mutex<[HTTPClient.Configuration.Proxy?: Connections]>([:])

    static func through(_ proxy: HTTPClient.Configuration.Proxy?) -> Connections {
        made.withLock { made in
            if let known = made[proxy] { return known }
            let new = Connections(proxy: proxy)
            made[proxy] = new
            return new
        }
    }
}
