import Glibc
import Logging
import MayflyCore
import NIOCore
import NIOPosix
import Orchestrator

/// The keeper's side of its UNIX socket (0600, in a 0700 home).
struct KeeperServer: Sendable {
    let home: MayflyHome
    let startedAt: WallTime
    let conductor: Conductor
    let vault: Vault
    let hub: FollowerHub
    let activity: Activity
    let standDown: @Sendable () -> Void
    let logger: Logger

    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    func run() async throws {
        let birthplace = try SocketPath(to: home.newKeeperSocket, in: home)
        // NIO unlinks the path it was bound to when it closes, whoever's it is by then. So the socket is bound under
        // another name and moved into place, where only this function removes it.
        unlink(home.newKeeperSocket)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(unixDomainSocketPath: birthplace.path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(LineDecoder()))
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        chmod(home.newKeeperSocket, 0o600)
        rename(home.newKeeperSocket, home.keeperSocket)
        let own = Self.file(at: home.keeperSocket)
        // A keeper that was suspended may wake up long after another has taken its place, and its socket's.
        defer { if own != nil, Self.file(at: home.keeperSocket) == own { unlink(home.keeperSocket) } }
        try await server.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask { await serve(connection) }
                }
            }
        }
    }

    /// Which file a path leads to now, or `nil`.
    private static func file(at path: String) -> [UInt64]? {
        var info = stat()
        return lstat(path, &info) == 0 ? [UInt64(info.st_dev), UInt64(info.st_ino)] : nil
    }

    private func serve(_ connection: Connection) async {
        activity.began()
        defer { activity.ended() }
        do {
            try await connection.executeThenClose { lines, replies in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await line in lines {
                        let request: KeeperRequest
                        do {
                            request = try MessageLines.decode(KeeperRequest.self, from: line)
                        } catch {
                            try await reply(.refused("not understood; another version of mayfly?"), to: replies)
                            continue
                        }
                        if case .follow(let jobs) = request {
                            group.addTask {
                                try await hub.follow(jobs) { news in
                                    let push: KeeperReply =
                                        switch news.kind {
                                        case .changed: .changed(job: news.job)
                                        case .logGrew: .logGrew(job: news.job)
                                        }
                                    try await reply(push, to: replies)
                                }
                            }
                        }
                        try await reply(await answer(request), to: replies)
                    }
                    group.cancelAll()
                }
            }
        } catch {
            logger.debug("a client's connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func reply(
        _ message: KeeperReply, to replies: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        try await replies.write(try MessageLines.encode(message))
    }

    private func answer(_ request: KeeperRequest) async -> KeeperReply {
        switch request {
        case .hello:
            return .hello(build: Build.id, pid: getpid())
        case .provide(let tokens, let secrets):
            await vault.take(tokens: tokens, secrets: secrets)
            conductor.wake()
            return .done
        case .wake:
            conductor.wake()
            return .done
        case .follow:
            return .done
        case .status:
            return .status(
                KeeperStatus(
                    build: Build.id, pid: getpid(), home: home.root, startedAt: startedAt,
                    runningJobs: await conductor.runningJobs, waitingJobs: await conductor.waitingJobs))
        case .standDown:
            standDown()
            return .done
        }
    }
}
