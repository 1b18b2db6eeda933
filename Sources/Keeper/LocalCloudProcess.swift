import AsyncHTTPClient
import Foundation
import LocalCloud
import NIOCore
import NIOHTTP1

/// The local cloud as a separate process: found by its endpoint file, started on demand.
struct LocalCloudProcess: Sendable {
    let home: MayflyHome

    private static let patience: Duration = .seconds(20)

    /// A local cloud of this build that answers, started if needed. One of another build is asked to stand down first:
    /// its instances live on and are adopted by the next.
    /// - Throws: ``KeeperError``.
    func ensure() async throws -> LocalCloudEndpoint {
        let deadline = ContinuousClock.now.advanced(by: Self.patience)
        var startedAt: ContinuousClock.Instant?
        while true {
            if let endpoint = LocalCloudEndpoint.read(home: home.localCloud),
                await answers(endpoint)
            {
                guard endpoint.build != Build.id else { return endpoint }
                _ = try? await post(endpoint, "stand-down", body: "{}")
                startedAt = nil
            } else if startedAt.map({ $0.duration(to: .now) > .seconds(5) }) ?? true {
                startedAt = .now
                try StoreOpener.prepare(home)
                try DetachedProcess.start(["cloud", "process"], home: home, log: home.localCloudLog)
            }
            guard ContinuousClock.now < deadline else {
                throw KeeperError(
                    code: .didNotStart,
                    message: "the local cloud did not start within \(Self.patience); look at \(home.localCloudLog)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The endpoint if its process answers.
    func running() async -> LocalCloudEndpoint? {
        guard let endpoint = LocalCloudEndpoint.read(home: home.localCloud), await answers(endpoint) else { return nil }
        return endpoint
    }

    func answers(_ endpoint: LocalCloudEndpoint) async -> Bool {
        (try? await get(endpoint, "status"))?.status == 200
    }

    func get(_ endpoint: LocalCloudEndpoint, _ action: String) async throws -> (status: Int, text: String) {
        try await request(endpoint, .GET, action, body: nil)
    }

    func post(_ endpoint: LocalCloudEndpoint, _ action: String, body: String) async throws -> (
        status: Int, text: String
    ) {
        try await request(endpoint, .POST, action, body: body)
    }

    private func request(
        _ endpoint: LocalCloudEndpoint, _ method: HTTPMethod, _ action: String, body: String?
    ) async throws -> (status: Int, text: String) {
        guard let url = URL(string: endpoint.url), let host = url.host, let port = url.port else {
            throw KeeperError(code: .cloud, message: "\(home.localCloud)/endpoint.json names no address")
        }
        var request = HTTPClientRequest(url: "http://\(host):\(port)/_mayfly/\(action)")
        request.method = method
        request.headers.add(name: "authorization", value: "Bearer \(endpoint.token)")
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let text = String(buffer: try await response.body.collect(upTo: 8 << 20))
        return (Int(response.status.code), text)
    }
}
