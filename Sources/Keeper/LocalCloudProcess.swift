import LocalCloud
import NIOCore
import NIOHTTP1

/// The local cloud as a separate process: found by its endpoint file, started on demand.
struct LocalCloudProcess: Sendable {
    let home: MayflyHome
    /// Where its endpoint file is.
    let folder: String

    /// - Parameter state: the folder of one that was served with `--state`; the home's own when `nil`.
    init(home: MayflyHome, state: String? = nil) {
        self.home = home
        folder = state ?? home.localCloud
    }

    private static let patience: Duration = .seconds(20)

    /// A local cloud that answers, started if needed.
    /// - Parameter replacing: one of another build is asked to stand down first; its instances live on and are adopted
    ///   by the next. Only people's commands do so: keepers of two builds would replace each other's for ever.
    /// - Throws: ``KeeperError``.
    func ensure(replacing: Bool) async throws -> LocalCloudEndpoint {
        let deadline = ContinuousClock.now.advanced(by: Self.patience)
        var startedAt: ContinuousClock.Instant?
        while true {
            let endpoint = LocalCloudEndpoint.read(home: folder)
            let answer = if let endpoint { await ask(endpoint) } else { Answer.nothing }
            if let endpoint, answer == .yes {
                guard replacing, endpoint.build != Build.id else { return endpoint }
                _ = try? await post(endpoint, "stand-down", body: "{}")
                startedAt = nil
            } else if startedAt.map({ $0.duration(to: .now) > .seconds(5) }) ?? true {
                startedAt = .now
                try StoreOpener.prepare(home)
                try DetachedProcess.start(["cloud", "process"], home: home, log: home.localCloudLog)
            }
            guard ContinuousClock.now < deadline else { throw failure(endpoint, answer) }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// What is wrong, as far as it can be seen from here, and what to do.
    private func failure(_ endpoint: LocalCloudEndpoint?, _ answer: Answer) -> KeeperError {
        let message: String
        switch (answer, endpoint) {
        case (.refusal, let endpoint?):
            message =
                "the local cloud (process \(endpoint.pid)) refuses the token in \(folder)/endpoint.json: "
                + "somebody changed it; end it with `kill \(endpoint.pid)` and it starts again with its own, its "
                + "instances live on"
        case (.silence, let endpoint?):
            message =
                "the local cloud (process \(endpoint.pid)) does not answer within \(Self.patience); if it hangs, "
                + "`kill -9 \(endpoint.pid)`: the next one adopts its instances"
        default:
            message =
                "the local cloud did not start within \(Self.patience); its log says why: \(home.localCloudLog)"
        }
        return KeeperError(code: .didNotStart, message: message)
    }

    /// The endpoint if its process answers.
    func running() async -> LocalCloudEndpoint? {
        guard let endpoint = LocalCloudEndpoint.read(home: folder), await ask(endpoint) == .yes else {
            return nil
        }
        return endpoint
    }

    private enum Answer {
        case yes
        /// Something listens that does not take the token.
        case refusal
        /// Connected, but nothing came.
        case silence
        case nothing
    }

    private func ask(_ endpoint: LocalCloudEndpoint) async -> Answer {
        do {
            return try await get(endpoint, "status").status == 200 ? .yes : .refusal
        } catch LoopbackExchange.Failure.silence {
            return .silence
        } catch {
            // A killed local cloud leaves its endpoint behind: a refused connection is an answer.
            return .nothing
        }
    }

    func get(_ endpoint: LocalCloudEndpoint, _ action: String) async throws -> LoopbackExchange.Answer {
        try await request(endpoint, .GET, action, body: nil, patience: .seconds(5))
    }

    func post(_ endpoint: LocalCloudEndpoint, _ action: String, body: String) async throws -> LoopbackExchange.Answer {
        try await request(endpoint, .POST, action, body: body, patience: .seconds(30))
    }

    private func request(
        _ endpoint: LocalCloudEndpoint, _ method: HTTPMethod, _ action: String, body: String?, patience: TimeAmount
    ) async throws -> LoopbackExchange.Answer {
        let ending = "/compute/v1"
        guard endpoint.url.hasPrefix("http://"), endpoint.url.hasSuffix(ending) else {
            throw KeeperError(code: .cloud, message: "\(folder)/endpoint.json names no address")
        }
        return try await LoopbackExchange.perform(
            method, "/_mayfly/\(action)", at: String(endpoint.url.dropLast(ending.count)), token: endpoint.token,
            json: body, patience: patience)
    }
}
