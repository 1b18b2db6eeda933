import SSHTransport
import Synchronization

/// Connect, log in, `true`, close: many times, some at once.
struct SessionsCase {
    private let server: Server
    private let count: Int
    private let atOnce: Int

    init(_ arguments: Arguments) throws {
        server = try Server(arguments)
        count = try arguments.number("count")
        atOnce = try arguments.number("at-once")
    }

    func run() async throws -> Measurement {
        var measurement = Measurement()
        let server = server
        try await inParallel(count, atOnce: atOnce) { _ in
            let connection = try await server.connect()
            let exit = try await connection.execute("true") { _ in }
            await connection.close()
            guard exit == .status(0) else { throw Unexpected(description: "`true` ended with \(exit)") }
        }
        measurement.stop()
        measurement.add("sessions", Double(count))
        return measurement
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
