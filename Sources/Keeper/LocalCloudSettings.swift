import CMayflySys
import Foundation
import Glibc
import JobFiles
import LocalCloud

/// How `mayfly cloud serve` was asked to serve, in the user's words.
package struct LocalCloudSettings: Sendable {
    /// `automatic`, `isolated`, `process` or `simulated`.
    package var backend = "automatic"
    /// `ADDRESS:PORT`; loopback and any free port when `nil`.
    package var listen: String?
    /// Said the second time that others may reach it.
    package var allowsRemote = false
    /// From `MAYFLY_CLOUD_TOKEN`; never from the command line, which every user of the computer can read.
    package var token: String?
    /// Absolute; its only line is the token.
    package var tokenFile: String?
    /// Absolute; the home's own when `nil`.
    package var state: String?
    /// Absolute; a fault script.
    package var faults: String?
    /// 10 minutes when `nil`.
    package var idle: Duration?

    package init() {}

    /// - Throws: ``KeeperError`` that names the option.
    func configuration(_ home: MayflyHome) throws -> LocalCloudConfiguration {
        guard let backend = LocalCloudConfiguration.Backend(rawValue: backend) else {
            throw KeeperError(
                code: .refused,
                message: "\"\(backend)\" is no backend; expected automatic, isolated, process or simulated")
        }
        let address = try listen.map { try Self.address($0, allowsRemote: allowsRemote) } ?? ("127.0.0.1", 0)
        var configuration = LocalCloudConfiguration(
            home: state ?? home.localCloud, backend: backend, build: Build.id, idleLimit: idle ?? .seconds(600),
            host: address.0, port: address.1, masks: [home.root])
        configuration.token = try tokenFile.map(Self.token) ?? token
        if let faults {
            guard let text = SmallFiles.text(faults) else {
                throw KeeperError(code: .refused, message: "cannot read the fault script \(faults)")
            }
            do throws(LocalCloudError) { try configuration.readFaults(yaml: text, file: faults) } catch {
                throw KeeperError(code: .refused, message: error.message)
            }
        }
        return configuration
    }

    private static func address(_ text: String, allowsRemote: Bool) throws -> (String, Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else {
            throw KeeperError(
                code: .refused, message: "--listen \(text) is no address; expected ADDRESS:PORT, such as 127.0.0.1:8080"
            )
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host == "localhost" { host = "127.0.0.1" }
        var v4 = in_addr()
        var v6 = in6_addr()
        let isV4 = inet_pton(AF_INET, host, &v4) == 1
        guard isV4 || inet_pton(AF_INET6, host, &v6) == 1 else {
            throw KeeperError(
                code: .refused,
                message: "--listen \(text): \"\(host)\" is no IP address; expected one such as 127.0.0.1")
        }
        let isLoopback = isV4 ? host.hasPrefix("127.") : host == "::1"
        guard isLoopback || allowsRemote else {
            throw KeeperError(
                code: .refused,
                message: "--listen \(text) lets other computers in: whoever has the token could run programs on this "
                    + "one, and it travels unencrypted; if you want that, say --allow-remote too")
        }
        return (host, port)
    }

    private static func token(_ path: String) throws -> String {
        guard let text = SmallFiles.text(path) else {
            throw KeeperError(code: .refused, message: "cannot read the token file \(path)")
        }
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & 0o077 == 0 else {
            throw KeeperError(
                code: .refused, message: "the token file \(path) can be read by others; `chmod 600 \(path)` first")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension KeeperMain {
    /// Serves the local cloud in the foreground until it is stopped, stood down or idle.
    /// - Parameter say: called with a line for people once it listens.
    /// - Throws: ``KeeperError`` for settings that do not work, `LocalCloudError`.
    package static func serveLocalCloud(
        home: MayflyHome, settings: LocalCloudSettings, say: @escaping @Sendable (String) -> Void
    ) async throws {
        mayfly_keep_heap_small()
        try StoreOpener.prepare(home)
        let configuration = try settings.configuration(home)
        let folder = configuration.home
        try await LocalCloud(configuration: configuration, logger: logger("cloud")) { endpoint in
            say(
                "local cloud (\(endpoint.backend.rawValue)) at \(endpoint.url); address and token: \(folder)/endpoint.json"
            )
        }.run()
    }
}
