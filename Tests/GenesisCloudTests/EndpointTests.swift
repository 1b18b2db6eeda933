import GenesisCloud
import Testing

@Suite struct EndpointTests {
    typealias Endpoint = GenesisCloudClient.Endpoint

    @Test(arguments: [
        ("https://api.genesiscloud.com", "https://api.genesiscloud.com/compute/v1"),
        ("https://api.genesiscloud.com/", "https://api.genesiscloud.com/compute/v1"),
        ("https://api.genesiscloud.com/compute/v1", "https://api.genesiscloud.com/compute/v1"),
        (" https://API.genesiscloud.com:443/compute/v1// \n", "https://api.genesiscloud.com/compute/v1"),
        ("https://proxy.example:8443/gc/compute/v1", "https://proxy.example:8443/gc/compute/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/compute/v1"),
        ("http://127.77.1.2:8080/", "http://127.77.1.2:8080/compute/v1"),
        ("http://localhost:80", "http://localhost/compute/v1"),
        ("http://[::1]:9/", "http://[::1]:9/compute/v1"),
    ])
    func normalForm(_ text: String, _ expected: String) throws {
        #expect(try Endpoint(parsing: text).description == expected)
        #expect(try Endpoint(parsing: expected).description == expected)
    }

    @Test(arguments: [
        "", "api.genesiscloud.com", "http://api.genesiscloud.com", "http://127.evil.example", "http://127.0.0.1.evil",
        "http://127.0.0.256", "http://localhost.evil.example", "ftp://127.0.0.1", "https://user:pass@host",
        "https://host/v2", "https://host/compute/v1?x=1", "https://host/#f", "https://", "https:///compute/v1",
        "https://host/../compute/v1", "https://host:99999",
    ])
    func refused(_ text: String) {
        let error = #expect(throws: GenesisCloudError.self) { try Endpoint(parsing: text) }
        #expect(error?.code == .invalidEndpoint)
        #expect(error?.message.contains("pass") != true)
    }

    @Test func theDefault() throws {
        #expect(try Endpoint(parsing: "https://api.genesiscloud.com/") == .genesisCloud)
    }
}
