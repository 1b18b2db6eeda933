import Adapters
import CMayflySys
import Dispatch
import Foundation
import Glibc
import JobFiles
import LocalCloud
import Logging
import MayflyCore
import Orchestrator

/// The two background processes, joined from their concrete parts.
package enum KeeperMain {
    private static let idleLimit: Duration = .seconds(30)

    /// Owns the home's queue until it is told to stand down, a newer keeper reigns, its home vanishes, or (in the
    /// background) it has been idle for 30 s. Standing down touches no job.
    /// - Throws: ``KeeperError``, ``JobStoreError``.
    package static func run(home: MayflyHome, foreground: Bool) async throws {
        mayfly_keep_heap_small()
        try StoreOpener.prepare(home)
        guard let lock = try await takeLock(home, foreground: foreground) else { return }
        let crash = CrashMark.take(home.keeperCrash)
        let time = SystemTimekeeper()
        let logger = logger("keeper")
        let store = try await StoreOpener.open(home: home)
        let entropy = SystemEntropy()
        let installation = try await store.installation(fresh: Base32.encode(entropy.bytes(8)))
        let token = try await store.beginReign(owner: "\(getpid()) \(Build.id)", at: time.now().wall)
        let vault = Vault()
        let hub = FollowerHub()
        let conductor = Conductor(
            parts: ConductorParts(
                store: store,
                supplies: KeeperSupplies(
                    home: home, store: store, vault: vault, installation: installation, logger: logger),
                connector: SSHConnector(keysFolder: home.keys, logger: logger, around: CrashMark.around),
                storage: LocalStorage(blobPath: { home.blob($0) }, around: CrashMark.around), observer: hub, time: time,
                entropy: entropy, logger: logger, formatTime: isoTime),
            token: token, installation: installation, afterCrash: crash.hasCrashed, over: crash.machines)
        if crash.hasCrashed {
            logger.error("the last keeper crashed", metadata: ["over": "\(crash.machines)"])
        }
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let signals = endOnSignals(end)
        defer { for signal in signals { signal.cancel() } }
        let activity = Activity()
        let server = KeeperServer(
            home: home, startedAt: time.now().wall, conductor: conductor, vault: vault, hub: hub, activity: activity,
            standDown: { end.yield() }, logger: logger)
        logger.notice("keeper started", metadata: ["home": "\(home.root)", "build": "\(Build.id)"])
        let wasIdle = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await conductor.run()
                return false
            }
            group.addTask {
                try await server.run()
                return false
            }
            group.addTask {
                for await _ in ends { return false }
                return false
            }
            group.addTask {
                await sweepFrozenCode(home, store, now: time.now().wall)
                return try await watch(home, store, conductor, activity, vault, idles: !foreground)
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        // A client may have stored a job and been answered while this keeper was already ending for idleness.
        if wasIdle, access(home.store, F_OK) == 0, try await !store.jobs(.unfinished).isEmpty {
            try DetachedProcess.start(["keeper", "process"], home: home, log: home.keeperLog)
        }
        logger.notice("keeper ended")
        // Held to here: the next keeper begins only once this one touches nothing any more.
        _ = consume lock
    }

    /// Waits for a keeper that is ending. One of this build that serves is as good as this one: several clients that
    /// miss a keeper start several, and a spare one must not linger to take over from a keeper that is told to stop.
    private static func takeLock(_ home: MayflyHome, foreground: Bool) async throws -> FileLock? {
        for _ in 0..<20 {
            if let lock = try await FileLock.take(home.keeperLock, patience: .milliseconds(500)) {
                lock.note("\(getpid())\n")
                return lock
            }
            guard !foreground, let other = try? await KeeperClient.connect(home: home) else { continue }
            let reply = try? await other.request(.hello(build: Build.id))
            await other.close()
            if case .hello(Build.id, _)? = reply { return nil }
        }
        throw KeeperError(
            code: .refused, message: "another keeper runs for \(home.root); `mayfly keeper stop` ends it")
    }

    /// Serves the embedded local cloud in the background until it is stopped, stood down or idle.
    /// - Throws: `LocalCloudError`.
    package static func runLocalCloud(home: MayflyHome) async throws {
        try await serveLocalCloud(home: home, settings: LocalCloudSettings(), say: { _ in })
    }

    /// Secrets that no unfinished job needs. Which are held is asked first: a job is stored before its secrets come, so that
    /// whatever is held then and not unfinished afterwards is over.
    private static func forgetSecrets(_ vault: Vault, _ store: any JobStore) async {
        let held = await vault.jobsWithSecrets
        guard !held.isEmpty, let unfinished = try? await store.jobs(.unfinished),
            let unreadable = try? await store.unreadableJobs(.unfinished)
        else { return }
        await vault.forget(held.subtracting(unfinished.map(\.id) + unreadable.map(\.id)))
    }

    /// Housekeeping: what cannot be swept now stays for the next keeper.
    private static func sweepFrozenCode(_ home: MayflyHome, _ store: any JobStore, now: WallTime) async {
        // What a job needs that cannot be read, nobody knows.
        guard let unfinished = try? await store.jobs(.unfinished),
            let unreadable = try? await store.unreadableJobs(.unfinished), unreadable.isEmpty
        else { return }
        let needed = unfinished.compactMap { $0.definition.code?.sha256 }
        _ = try? await FrozenCodeSweep.run(in: home.blobs, keeping: Set(needed), now: now)
    }

    /// Returns when the keeper should end by itself: `true` when it was idle, `false` when its home has vanished.
    private static func watch(
        _ home: MayflyHome, _ store: any JobStore, _ conductor: Conductor, _ activity: Activity, _ vault: Vault,
        idles: Bool
    ) async throws -> Bool {
        var quietSince: ContinuousClock.Instant?
        while true {
            try await Task.sleep(for: .seconds(1))
            // Without its home nothing can be journaled any more, so nothing may be done.
            guard access(home.store, F_OK) == 0 else { return false }
            if await conductor.isIdle { await forgetSecrets(vault, store) }
            guard idles, activity.isQuiet, await conductor.isIdle else {
                quietSince = nil
                continue
            }
            let since = quietSince ?? .now
            quietSince = since
            if since.duration(to: .now) >= idleLimit { return true }
        }
    }

    private static func endOnSignals(_ end: AsyncStream<Void>.Continuation) -> [any DispatchSourceSignal] {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        return [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { end.yield() }
            source.resume()
            return source
        }
    }

    static func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .notice
        return logger
    }

    /// ISO 8601 in UTC with milliseconds.
    @Sendable static func isoTime(_ time: WallTime) -> String {
        var seconds = time_t(time.rawValue / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func pad(_ value: some BinaryInteger, _ width: Int = 2) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(pad(Int(parts.tm_year) + 1900, 4))-\(pad(parts.tm_mon + 1))-\(pad(parts.tm_mday))"
            + "T\(pad(parts.tm_hour)):\(pad(parts.tm_min)):\(pad(parts.tm_sec)).\(pad(time.rawValue % 1000, 3))Z"
    }
}
