import Foundation

/// How to reach a running local cloud: the contents of `endpoint.json` in its home.
public struct LocalCloudEndpoint: Codable, Hashable, Sendable {
    /// Of this file's format.
    public var version: Int
    /// `http://127.0.0.1:PORT/compute/v1`.
    public var url: String
    public var token: String
    public var pid: Int32
    public var build: String
    /// The backend in use, never `automatic`.
    public var backend: LocalCloudConfiguration.Backend

    public init(
        version: Int = 1, url: String, token: String, pid: Int32, build: String,
        backend: LocalCloudConfiguration.Backend
    ) {
        self.version = version
        self.url = url
        self.token = token
        self.pid = pid
        self.build = build
        self.backend = backend
    }

    /// The endpoint published in `home`; `nil` when there is none or it cannot be read. A killed local cloud leaves its
    /// file behind: only an answer proves that it lives.
    public static func read(home: String) -> LocalCloudEndpoint? {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: home + "/endpoint.json")) else { return nil }
        return try? JSONDecoder().decode(LocalCloudEndpoint.self, from: data)
    }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return Array(try encoder.encode(self))
    }
}
