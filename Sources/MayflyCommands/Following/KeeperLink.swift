import Keeper
import MayflyCore

/// A follower's tie to the keeper: behind a protocol, so that following can be tested without processes.
protocol KeeperLink: Sendable {
    /// Makes sure that a keeper lives and has what it needs, then hands over its pushes until it goes.
    /// - Throws: when no keeper could be reached or started.
    func watch(_ jobs: [JobID], onPush: @escaping @Sendable (KeeperReply) -> Void) async throws

    /// Tells the keeper that the store has news.
    func wake() async
}

/// The link of a real client.
actor SocketKeeperLink: KeeperLink {
    private let home: MayflyHome
    private let tokens: [TokenGrant]
    private let secrets: [SecretGrant]
    /// A connection that was made and supplied while submitting.
    private var ready: KeeperClient?

    init(home: MayflyHome, tokens: [TokenGrant], secrets: [SecretGrant], ready: KeeperClient? = nil) {
        self.home = home
        self.tokens = tokens
        self.secrets = secrets
        self.ready = ready
    }

    func watch(_ jobs: [JobID], onPush: @escaping @Sendable (KeeperReply) -> Void) async throws {
        let client: KeeperClient
        if let ready {
            client = ready
            self.ready = nil
        } else {
            client = try await reconnect()
        }
        do {
            for await push in try await client.follow(jobs) { onPush(push) }
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    func wake() async {
        guard let client = await Processes.keeperIfRunning(home: home) else { return }
        _ = try? await client.request(.wake)
        await client.close()
    }

    /// A keeper that runs is used, whatever its build: two followers of different builds must not replace each
    /// other's keepers for ever. Only where none runs is one started.
    private func reconnect() async throws -> KeeperClient {
        let client: KeeperClient
        if let running = await Processes.keeperIfRunning(home: home) {
            client = running
        } else {
            client = try await Processes.ensureKeeper(home: home)
        }
        do {
            try await client.provide(tokens: tokens, secrets: secrets)
            return client
        } catch {
            await client.close()
            throw error
        }
    }
}

extension KeeperClient {
    /// Hands over tokens and secrets and wakes the keeper.
    /// - Throws: ``CommandError`` with the keeper's words when it refuses.
    func provide(tokens: [TokenGrant], secrets: [SecretGrant]) async throws {
        if !tokens.isEmpty || !secrets.isEmpty {
            try await accepted(.provide(tokens: tokens, secrets: secrets))
        }
        try await accepted(.wake)
    }

    private func accepted(_ message: KeeperRequest) async throws {
        if case .refused(let why) = try await request(message) {
            throw CommandError(code: .background, message: "the keeper refused: \(ControlSequences.line(why))")
        }
    }
}

/// For jobs that are over: no keeper is needed to read what they left.
struct IdleKeeperLink: KeeperLink {
    func watch(_ jobs: [JobID], onPush: @escaping @Sendable (KeeperReply) -> Void) async throws {
        try await Task.sleep(for: .seconds(86_400))
    }

    func wake() async {}
}
