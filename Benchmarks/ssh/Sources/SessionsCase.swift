import NIOCore
import NIOPosix
import SSHTransport
import Synchronization

/// Connect, log in, `true`, close: many times, some at once.
struct SessionsCase {
    private let server: Server
    private let count: Int
    private let atOnce: Int
    /// The caller's tasks run on the connection's loop, which saves changing threads.
    private let isPinned: Bool

    init(_ arguments: Arguments) throws {
        server = try Server(arguments)
        count = try arguments.number("count")
        atOnce = try arguments.number("at-once")
        isPinned = arguments.has("pinned")
    }

    func run() async throws -> Measurement {
        var measurement = Measurement()
        let (server, isPinned) = (server, isPinned)
        try await inParallel(count, atOnce: atOnce) { _ in
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            guard isPinned else { return try await Self.once(server, loop) }
            try await withTaskExecutorPreference(LoopTasks(loop)) { try await Self.once(server, loop) }
        }
        measurement.stop()
        measurement.add("sessions", Double(count))
        return measurement
    }

    private static func once(_ server: Server, _ loop: any EventLoop) async throws {
        let connection = try await server.connect(on: loop)
        let exit = try await connection.execute("true") { _ in }
        await connection.close()
        guard exit == .status(0) else { throw Unexpected(description: "`true` ended with \(exit)") }
    }
}

/// The numbers below `count`, each handed to `body` once, `atOnce` of them at a time.
func inParallel(_ count: Int, atOnce: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
    let turn = Turn()
    try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<min(count, atOnce) {
            group.addTask {
                while let next = turn.next(below: count) { try await body(next) }
            }
        }
        try await group.waitForAll()
    }
}

/// Whose turn it is.
private final class Turn: Sendable {
    private let last = Atomic<Int>(-1)

    func next(below count: Int) -> Int? {
        let number = last.add(1, ordering: .relaxed).newValue
        return number < count ? number : nil
    }
}
