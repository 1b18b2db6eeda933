import Foundation
import Glibc
import Keeper

/// What `mayfly login` stored: one token per endpoint in a 0600 file. Never shown, never logged.
struct Credentials: Codable {
    var version = 1
    var tokens: [String: String] = [:]

    /// Empty when there is no file.
    /// - Throws: ``CommandError`` when the file can be read by others or is damaged.
    static func read(_ home: MayflyHome) throws -> Credentials {
        let path = home.credentials
        var status = stat()
        guard stat(path, &status) == 0 else { return Credentials() }
        guard status.st_mode & 0o077 == 0 else {
            throw CommandError(
                code: .state,
                message: "\(path) can be read by others, expected mode 0600: run `chmod 600 \(path)` and consider the "
                    + "token in it known")
        }
        do {
            return try JSONDecoder().decode(Credentials.self, from: Data(Paths.read(path)))
        } catch let error as CommandError {
            throw error
        } catch {
            // The decoder's own words could quote the token.
            throw CommandError(code: .state, message: "\(path) is damaged: remove it and run `mayfly login` again")
        }
    }

    func write(_ home: MayflyHome) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(self)) + [0x0A]
        try Paths.write(bytes, toPrivateFile: home.credentials)
    }
}

extension CommandContext {
    /// `GENESISCLOUD_ENDPOINT` or Genesis Cloud itself.
    func endpoint() throws -> String {
        try variable("GENESISCLOUD_ENDPOINT").map { try Endpoint.normalized($0) } ?? Endpoint.genesisCloud
    }

    /// The token of the endpoint in force: the environment's before the stored one.
    func token(_ home: MayflyHome) throws -> TokenGrant? {
        let endpoint = try endpoint()
        if let token = try environmentToken() { return TokenGrant(endpoint: endpoint, token: token) }
        return try Credentials.read(home).tokens[endpoint].map { TokenGrant(endpoint: endpoint, token: $0) }
    }

    /// Every token known here: what a keeper may need for jobs of earlier submissions.
    func allTokens(_ home: MayflyHome) throws -> [TokenGrant] {
        var tokens = try Credentials.read(home).tokens
        if let token = try environmentToken() { tokens[try endpoint()] = token }
        return tokens.sorted { $0.key < $1.key }.map { TokenGrant(endpoint: $0.key, token: $0.value) }
    }

    private func environmentToken() throws -> String? {
        try variable("GENESISCLOUD_TOKEN").map { try Self.validToken($0, from: "GENESISCLOUD_TOKEN") }
    }

    /// A token goes into an HTTP header: visible ASCII only.
    static func validToken(_ text: String, from place: String) throws -> String {
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), token.utf8.count <= 4096 else {
            throw CommandError(
                code: .usage,
                message: "\(place): the token is empty or holds spaces, control or non-ASCII characters; copy it again "
                    + "from the Genesis Cloud console")
        }
        return token
    }
}
