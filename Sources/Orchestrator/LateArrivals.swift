import Logging
import MayflyCore

/// Watches for instances whose create was given up as unsettled, or whose proof of absence was given up by a person: one
/// that turns up before its identity expires is destroyed, because its attempt is over and nobody will ever launch a command on it.
struct LateArrivals: Sendable {
    let parts: ConductorParts
    let token: FencingToken

    private static let pause: Duration = .seconds(30)

    /// - Throws: `CancellationError`, when the keeper steps down.
    func run() async throws {
        while true {
            try await parts.time.sleep(for: Self.pause)
            do {
                try await sweep()
            } catch let error as ProviderError {
                parts.logger.debug("the watch list cannot be checked", metadata: ["error": "\(error)"])
            } catch let error as JobStoreError {
                parts.logger.debug("the watch list cannot be read", metadata: ["error": "\(error)"])
            }
        }
    }

    private static func mayStillCome(_ object: CreatedObject) -> Bool {
        guard object.kind == .instance else { return false }
        switch object.state {
        case .unsettled, .existing, .destroyAccepted: return true
        case .intended, .gone, .kept, .refused: return false
        }
    }

    /// The cloud is listed by exact hostname; only what this attempt itself asked for is ever destroyed.
    private func sweep() async throws {
        let now = parts.time.now().wall
        for job in try await parts.store.jobs(.newest(500)) {
            for attempt in job.attempts where attempt.isDone && attempt.expiry > now {
                guard attempt.objects.contains(where: Self.mayStillCome),
                    case .ready(let provider) = await parts.supplies.provider(for: job.cloud)
                else { continue }
                let hostname = attempt.identity.description
                for late in try await provider.instances(hostnamePrefix: hostname)
                where late.hostname == hostname {
                    parts.logger.notice(
                        "a late instance is destroyed",
                        metadata: ["instance": "\(late.id)", "job": "\(job.id)"])
                    try await provider.destroy(late.id)
                }
            }
        }
    }
}
