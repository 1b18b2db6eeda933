import Foundation
import Glibc
import JobFiles
import LocalCloud

/// Finds, starts and replaces the two background processes of a home.
package enum Processes {
    private static let patience: Duration = .seconds(15)

    /// A keeper of this build. One of another build is asked to stand down; jobs are kept and re-attached.
    /// - Throws: ``KeeperError``.
    package static func ensureKeeper(home: MayflyHome) async throws -> KeeperClient {
        let deadline = ContinuousClock.now.advanced(by: patience)
        var startedAt: ContinuousClock.Instant?
        while true {
            var isSilent = false
            if let client = try? await KeeperClient.connect(home: home) {
                let answer = try? await client.request(.hello(build: Build.id))
                if case .hello(let build, _)? = answer {
                    if build == Build.id { return client }
                    _ = try? await client.request(.standDown)
                    startedAt = nil
                }
                isSilent = answer == nil
                await client.close()
            } else if startedAt.map({ $0.duration(to: .now) > .seconds(5) }) ?? true {
                startedAt = .now
                try StoreOpener.prepare(home)
                try DetachedProcess.start(["keeper", "process"], home: home, log: home.keeperLog)
            }
            guard ContinuousClock.now < deadline else { throw failure(home, isSilent: isSilent) }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static func failure(_ home: MayflyHome, isSilent: Bool) -> KeeperError {
        if isSilent { return .silent(home) }
        return KeeperError(
            code: .didNotStart, message: "the keeper did not start within \(patience); look at \(home.keeperLog)")
    }

    /// The keeper of this home, whatever its build, or `nil` when none runs.
    package static func keeperIfRunning(home: MayflyHome) async -> KeeperClient? {
        try? await KeeperClient.connect(home: home)
    }

    /// Makes sure that a local cloud of this build answers.
    /// - Throws: ``KeeperError``.
    package static func ensureLocalCloud(home: MayflyHome) async throws {
        _ = try await LocalCloudProcess(home: home).ensure(replacing: true)
    }

    /// Stops the local cloud and returns what to tell. Refused while instances live, unless `force`.
    /// - Throws: ``KeeperError``.
    package static func stopLocalCloud(home: MayflyHome, state: String? = nil, force: Bool) async throws -> String {
        let process = LocalCloudProcess(home: home, state: state)
        guard let endpoint = await process.running() else { return "no local cloud is running" }
        let answer = try await process.post(endpoint, "stop", body: "{\"force\": \(force)}")
        guard answer.status < 300 else {
            let message = (try? JSONDecoder().decode([String: String].self, from: Data(answer.text.utf8)))?["message"]
            throw KeeperError(
                code: .refused,
                message: (message ?? "the local cloud refused to stop") + "; `mayfly cloud stop --force` destroys them")
        }
        let deadline = ContinuousClock.now.advanced(by: patience)
        while ContinuousClock.now < deadline {
            if kill(pid_t(endpoint.pid), 0) != 0 { return "the local cloud has stopped" }
            try await Task.sleep(for: .milliseconds(10))
        }
        return "the local cloud is stopping (process \(endpoint.pid))"
    }

    /// What `mayfly cloud status` says: address, backend and instances, as the cloud's own JSON.
    package static func localCloudStatus(home: MayflyHome, state: String? = nil) async throws -> String {
        let process = LocalCloudProcess(home: home, state: state)
        guard let endpoint = await process.running() else { return "no local cloud is running" }
        let text = try await process.get(endpoint, "status").text
        return "\(endpoint.url) (\(endpoint.backend.rawValue), process \(endpoint.pid))\n\(text)"
    }
}
