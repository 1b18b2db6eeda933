import NIOPosix

/// The host keys of one or more `known_hosts` files, as `sshd(8)` describes them under "SSH_KNOWN_HOSTS FILE FORMAT".
///
/// A value: what another process writes later is not seen. Lines that cannot be used do not make the rest useless; they
/// are listed in ``ignored``.
public struct SSHKnownHosts: Sendable {
    /// Where something stands: `file:line`.
    public struct Location: Sendable, Hashable, CustomStringConvertible {
        /// The file's name, as it was given.
        public let file: String
        /// From 1.
        public let line: Int

        /// `file:line`.
        public var description: String { "\(file):\(line)" }
    }

    /// A line that says nothing to this library.
    public struct IgnoredLine: Sendable, Hashable {
        /// Where it stands.
        public let location: Location
        /// Why, for people.
        public let reason: String
    }

    /// A key that a host was expected to show, and where that stands.
    public struct Expectation: Sendable, Hashable {
        /// Where it stands.
        public let location: Location
        /// The key that stands there.
        public let key: SSHPublicKey
    }

    /// What the files say about a key that a host has shown.
    public enum Verdict: Sendable, Hashable {
        /// It is the key that stands there.
        case known(Location)
        /// Nothing is known of this host.
        case unknown
        /// Other keys of this host are known.
        case mismatch([Expectation])
        /// The key was marked as no longer trustworthy.
        case revoked(Location)
    }

    /// Lines that were not understood or are of no use here, at most a thousand.
    public private(set) var ignored: [IgnoredLine] = []
    /// The files this was read from.
    public private(set) var files: [String] = []
    private var entries: [Entry] = []

    /// Nothing is known of any host.
    public init() {}

    /// Reads the content of one file.
    ///
    /// - Parameters:
    ///   - text: Any text; see ``ignored`` for what was not understood.
    ///   - file: Its name, for messages.
    public init(_ text: String, file: String) {
        self.init(bytes: Array(text.utf8), file: file)
    }

    /// Reads files, in this order. One that does not exist is empty; `~` is not expanded.
    ///
    /// - Throws: ``SSHError`` with ``SSHError/Code-swift.enum/knownHostsUnusable`` when one exists and cannot be read.
    public static func load(_ paths: String...) async throws -> SSHKnownHosts {
        try await NIOThreadPool.singleton.runIfActive {
            try paths.reduce(into: SSHKnownHosts()) { all, path in
                let one = SSHKnownHosts(bytes: try KnownHostsFile.content(of: path), file: path)
                all.entries += one.entries
                all.ignored = Array((all.ignored + one.ignored).prefix(ignoredLimit))
                all.files.append(path)
            }
        }
    }

    /// What is known about `key` at `endpoint`. Port 22 stands for itself, any other as `[host]:port`.
    public func check(_ key: SSHPublicKey, of endpoint: SSHEndpoint) -> Verdict {
        let matching = entries(for: endpoint)
        if let revoked = matching.first(where: { $0.isRevoked && $0.key == key }) { return .revoked(revoked.location) }
        let valid = matching.filter { !$0.isRevoked }
        if let known = valid.first(where: { $0.key == key }) { return .known(known.location) }
        return valid.isEmpty ? .unknown : .mismatch(valid.map { Expectation(location: $0.location, key: $0.key) })
    }

    /// The keys by which `endpoint` is known.
    public func keys(of endpoint: SSHEndpoint) -> [SSHPublicKey] {
        entries(for: endpoint).filter { !$0.isRevoked }.map(\.key)
    }

    private func entries(for endpoint: SSHEndpoint) -> [Entry] {
        let name = Array(Self.name(of: endpoint).utf8)
        return entries.filter { $0.hosts.match(name) }
    }

    /// How a host is called in these files.
    static func name(of endpoint: SSHEndpoint) -> String {
        let host = endpoint.host.lowercased()
        return endpoint.port == 22 ? host : "[\(host)]:\(endpoint.port)"
    }

    private static let ignoredLimit = 1000

    init(bytes: [UInt8], file: String) {
        files = [file]
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let location = Location(file: file, line: index + 1)
            do throws(Entry.Unusable) {
                if let entry = try Entry(line: line, location: location) { entries.append(entry) }
            } catch {
                if ignored.count < Self.ignoredLimit {
                    ignored.append(IgnoredLine(location: location, reason: error.reason))
                }
            }
        }
    }
}
