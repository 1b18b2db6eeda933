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
            do {
                try await sweep()
            } catch let error as JobStoreError {
                parts.logger.debug("the watch list cannot be read", metadata: ["error": "\(error)"])
            }
            try await parts.time.sleep(for: Self.pause)
        }
    }

    /// The cloud is listed by exact hostname; only what this attempt itself asked for is ever destroyed.
    private func sweep() async throws {
        let now = parts.time.now().wall
        for job in try await parts.store.jobs(.watched(at: now)) {
            for attempt in job.attempts where attempt.mayStillArrive(at: now) {
                guard case .ready(let provider) = await parts.supplies.provider(for: job.cloud) else { continue }
                do {
                    try await destroyLate(attempt.identity, of: job, provider)
                } catch let error as ProviderError {
                    parts.logger.debug(
                        "the watch list cannot be checked", metadata: ["job": "\(job.id)", "error": "\(error)"])
                }
            }
        }
    }

    private func destroyLate(
        _ identity: AttemptIdentity, of job: JobRecord, _ provider: any InstanceProvider
    ) async throws {
        let hostname = identity.description
        for late in try await provider.instances(hostnamePrefix: hostname) where late.hostname == hostname {
            parts.logger.notice(
                "a late instance is destroyed", metadata: ["instance": "\(late.id)", "job": "\(job.id)"])
            try await provider.destroy(late.id)
        }
    }
}
