import Keeper
import MayflyCore

/// Starting background processes, with words for when that fails.
enum Background {
    static func ensureLocalCloud(_ home: MayflyHome) async throws {
        do {
            try await Processes.ensureLocalCloud(home: home)
        } catch {
            throw CommandError(
                code: .background,
                message: "the local cloud cannot be started: \(error); its log is \(home.localCloudLog)")
        }
    }

    /// Makes sure that a keeper lives, can work, and looks at what the store has to say.
    static func wakeKeeper(_ home: MayflyHome, _ context: CommandContext) async throws {
        let tokens = try context.allTokens(home)
        try await supply(try await ensureKeeper(home), of: home, tokens: tokens, secrets: []).close()
    }

    static func ensureKeeper(_ home: MayflyHome) async throws -> KeeperClient {
        do {
            return try await Processes.ensureKeeper(home: home)
        } catch {
            throw CommandError(
                code: .background, message: "the keeper cannot be started: \(error); its log is \(home.keeperLog)")
        }
    }

    /// Hands tokens and secrets to a keeper. One that dies just now is replaced, as it is when it dies later.
    /// - Returns: the keeper's client that has them; closed when this throws.
    static func supply(
        _ client: KeeperClient, of home: MayflyHome, tokens: [TokenGrant], secrets: [SecretGrant]
    ) async throws -> KeeperClient {
        var client = client
        var tries = 0
        while true {
            do {
                try await client.provide(tokens: tokens, secrets: secrets)
                return client
            } catch {
                await client.close()
                tries += 1
                guard error is KeeperError, tries < 5 else { throw error }
                client = try await ensureKeeper(home)
            }
        }
    }
}
