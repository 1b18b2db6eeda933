internal import AsyncHTTPClient
internal import Foundation

extension GenesisCloudClient.ProxyChoice {
    /// The proxy on the way to `endpoint`, if any. TLS is spoken with the endpoint, through the proxy's tunnel.
    func proxy(
        for endpoint: GenesisCloudClient.Endpoint, environment: [String: String]
    ) -> HTTPClient.Configuration.Proxy? {
        guard !endpoint.isLoopback else { return nil }
        switch self {
        case .none: return nil
        case .server(let address): return Self.proxy(address)
        case .environment:
            // The lower-case names come first where both are set, as curl has it.
            func value(_ names: String...) -> String? {
                names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
            }
            if let exceptions = value("no_proxy", "NO_PROXY"), Self.isExempt(endpoint.host, exceptions) { return nil }
            return value("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY").flatMap(Self.proxy)
        }
    }

    /// `http://user:password@host:port`, each part but the host optional; `socks5://` is understood too.
    private static func proxy(_ address: String) -> HTTPClient.Configuration.Proxy? {
        let text = address.contains("://") ? address : "http://\(address)"
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty else { return nil }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        switch parts.scheme?.lowercased() {
        case "socks5", "socks5h", "socks": return .socksServer(host: bare, port: parts.port ?? 1080)
        case "http":
            let login = parts.user.map { HTTPClient.Authorization.basic(username: $0, password: parts.password ?? "") }
            return .server(host: bare, port: parts.port ?? 80, authorization: login)
        default: return nil
        }
    }

    /// `NO_PROXY`: names that also cover their subdomains, with or without a leading dot, or `*`.
    private static func isExempt(_ host: String, _ exceptions: String) -> Bool {
        exceptions.split(whereSeparator: { $0 == "," || $0.isWhitespace }).contains { entry in
            let entry = entry.lowercased()
            if entry == "*" { return true }
            var name = entry.hasPrefix("*.") ? String(entry.dropFirst(2)) : entry
            if name.hasPrefix(".") { name.removeFirst() }
            if let colon = name.lastIndex(of: ":"), !name.contains("]"), name.filter({ $0 == ":" }).count == 1 {
                name = String(name[..<colon])
            }
            return host == name || host.hasSuffix(".\(name)")
        }
    }
}
