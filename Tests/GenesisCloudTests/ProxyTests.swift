import AsyncHTTPClient
import Testing

@testable import GenesisCloud

@Suite(.timeLimit(.minutes(1))) struct ProxyTests {
    private func proxy(
        _ environment: [String: String], _ endpoint: String = "https://api.genesiscloud.com"
    ) throws -> String? {
        let choice = GenesisCloudClient.ProxyChoice.environment
        return choice.proxy(for: try .init(parsing: endpoint), environment: environment).map {
            "\($0.host):\($0.port)\($0.authorization == nil ? "" : " with a login")"
        }
    }

    @Test func theEnvironmentIsHonoured() throws {
        #expect(try proxy([:]) == nil)
        #expect(try proxy(["HTTPS_PROXY": "http://proxy:3128"]) == "proxy:3128")
        #expect(try proxy(["https_proxy": "proxy:3128/", "HTTPS_PROXY": "http://other:1"]) == "proxy:3128")
        #expect(try proxy(["ALL_PROXY": "socks5://proxy"]) == "proxy:1080")
        #expect(try proxy(["HTTPS_PROXY": "http://me:secret@proxy:3128"]) == "proxy:3128 with a login")
        #expect(try proxy(["HTTPS_PROXY": ""]) == nil)
        #expect(try proxy(["HTTP_PROXY": "http://proxy:3128"]) == nil)
    }

    @Test(arguments: [
        "api.genesiscloud.com", ".genesiscloud.com", "genesiscloud.com", "a, genesiscloud.com", "*",
        "*.genesiscloud.com",
        "api.genesiscloud.com:443",
    ])
    func exceptions(_ list: String) throws {
        #expect(try proxy(["HTTPS_PROXY": "http://proxy:3128", "no_proxy": list]) == nil)
    }

    @Test(arguments: ["cloud.com", "xgenesiscloud.com", "localhost", ""]) func noExceptions(_ list: String) throws {
        #expect(try proxy(["HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": list]) != nil)
    }

    @Test func loopbackIsReachedDirectly() throws {
        #expect(try proxy(["HTTPS_PROXY": "http://proxy:3128"], "http://127.0.0.1:80") == nil)
        #expect(try proxy(["ALL_PROXY": "http://proxy:3128"], "http://localhost:80") == nil)
    }

    /// Through a proxy the request goes into a tunnel: the proxy learns the host and never the token.
    @Test func theTokenIsNotShownToTheProxy() async throws {
        try await ScriptedServer.run { _ in
            .json(403, "")
        } _: { server in
            var configuration = GenesisCloudClient.Configuration()
            configuration.proxy = .server("http://127.0.0.1:\(server.port)")
            configuration.retry.maximumAttempts = 1
            let client = GenesisCloudClient(
                endpoint: try .init(parsing: "https://cloud.invalid"), token: Samples.token,
                configuration: configuration)
            let error = await #expect(throws: GenesisCloudError.self) {
                try await client.createInstance(Samples.request)
            }
            #expect(error?.code == .connection, "\(String(describing: error))")
            #expect(error?.requestMayHaveTakenEffect == false)
            #expect(server.requests.map(\.method) == ["CONNECT"])
            #expect(server.requests.first?.target == "cloud.invalid:443")
            #expect(server.requests.allSatisfy { !$0.headers.values.contains { $0.contains(Samples.token) } })
        }
    }
}
