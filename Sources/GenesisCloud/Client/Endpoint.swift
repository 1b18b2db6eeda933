internal import Foundation

extension GenesisCloudClient {
    /// The base address of the API, in its normal form `https://host[:port]/…/compute/v1`.
    public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
        /// The normal form: lower-case host, no default port, no slash at the end.
        public let description: String
        /// Host and port, for messages.
        let authority: String
        let host: String
        /// Whether it is a server on this machine.
        public let isLoopback: Bool

        /// `https://api.genesiscloud.com/compute/v1`
        public static let genesisCloud = Endpoint(
            description: "https://api.genesiscloud.com/compute/v1", authority: "api.genesiscloud.com",
            host: "api.genesiscloud.com", isLoopback: false)

        static let apiPath = "/compute/v1"

        private init(description: String, authority: String, host: String, isLoopback: Bool) {
            self.description = description
            self.authority = authority
            self.host = host
            self.isLoopback = isLoopback
        }

        /// Takes an address with or without `/compute/v1` and a slash at the end. It must be `https`; plain `http` is
        /// accepted for loopback only, since the token would travel in the clear.
        /// - Throws: ``GenesisCloudError`` `invalidEndpoint`.
        public init(parsing text: String) throws {
            func refuse(_ why: String) -> GenesisCloudError {
                GenesisCloudError(code: .invalidEndpoint, message: "the API endpoint is not usable: \(why)")
            }
            let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard let parts = URLComponents(string: trimmed), let scheme = parts.scheme?.lowercased(),
                let host = parts.host?.lowercased(), !host.isEmpty
            else { throw refuse("write it like \(Self.genesisCloud)") }
            guard parts.user == nil, parts.password == nil else { throw refuse("it must not contain credentials") }
            guard parts.query == nil, parts.fragment == nil else { throw refuse("it must not contain '?' or '#'") }
            switch scheme {
            case "https": break
            case "http" where Self.isLoopback(host): break
            case "http": throw refuse("plain http would show the token to the network; use https (host \(host))")
            default: throw refuse("its scheme is \(scheme), not https")
            }
            if let port = parts.port, !(1...65535).contains(port) { throw refuse("there is no port \(port)") }

            var path = parts.percentEncodedPath
            while path.hasSuffix("/") { path.removeLast() }
            if path.isEmpty { path = Self.apiPath }
            guard path.hasSuffix(Self.apiPath), !path.contains("//"), !path.contains("/../"), !path.contains("/./")
            else {
                throw refuse("its path must end in \(Self.apiPath), for example \(Self.genesisCloud)")
            }
            let shown = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
            let isDefaultPort = parts.port == (scheme == "https" ? 443 : 80)
            self.host = host
            isLoopback = Self.isLoopback(host)
            authority = parts.port.map { isDefaultPort ? shown : "\(shown):\($0)" } ?? shown
            description = "\(scheme)://\(authority)\(path)"
        }

        /// `localhost`, 127.0.0.0/8 and ::1, as literals: a name that merely begins like one is not loopback.
        private static func isLoopback(_ host: String) -> Bool {
            if ["localhost", "::1", "[::1]"].contains(host) { return true }
            let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
            return numbers.count == 4 && numbers.first == 127 && !numbers.contains(nil)
        }
    }
}
