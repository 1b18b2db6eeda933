/// The API's address as jobs and credentials record it: one spelling for one cloud.
enum Endpoint {
    static let genesisCloud = "https://api.genesiscloud.com/compute/v1"
    private static let path = "/compute/v1"

    /// Adds `/compute/v1` where it is missing and drops trailing slashes. HTTPS, or HTTP to loopback only: a token
    /// must not cross a network in the clear.
    /// - Throws: ``CommandError``.
    static func normalized(_ text: String, from place: String = "GENESISCLOUD_ENDPOINT") throws -> String {
        func refuse(_ why: String) -> CommandError {
            CommandError(
                code: .usage,
                message: "\(place): \"\(ControlSequences.line(text))\" \(why); expected https://HOST, "
                    + "with or without \(path), for example \(genesisCloud)")
        }
        let bare = text.trimmingSlashes
        guard let mark = bare.range(of: "://") else { throw refuse("has no scheme") }
        let scheme = bare[..<mark.lowerBound].lowercased()
        let rest = bare[mark.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash].lowercased()
        guard !authority.isEmpty, !authority.contains("@"), authority.allSatisfy({ $0.isASCII && !$0.isWhitespace })
        else { throw refuse("names no plain host") }
        guard rest[slash...].allSatisfy({ $0.isASCII && !"?# ".contains($0) }) else {
            throw refuse("has a query or fragment")
        }
        switch scheme {
        case "https": break
        case "http" where isLoopback(authority): break
        case "http": throw refuse("is plain HTTP to another host, which would show your token to the network")
        default: throw refuse("is neither https nor http")
        }
        let given = String(rest[slash...])
        return "\(scheme)://\(authority)\(given.hasSuffix(path) ? given : given + path)"
    }

    private static func isLoopback(_ authority: String) -> Bool {
        if authority.hasPrefix("[::1]") { return authority == "[::1]" || authority.hasPrefix("[::1]:") }
        let host = String(authority.prefix { $0 != ":" })
        if host == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension String {
    fileprivate var trimmingSlashes: String {
        var text = self
        while text.last == "/" || text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    fileprivate func range(of mark: String) -> Range<String.Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(mark) { return index..<self.index(index, offsetBy: mark.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
