import SSHTransport
import Synchronization

/// What a session costs that is open and has nothing to do.
struct MemoryCase {
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
        // The first ones bring in what a process needs once: threads, libraries, the allocator's arenas.
        try await inParallel(8, atOnce: 8) { _ in
            let connection = try await server.connect()
            _ = try await connection.execute("true") { _ in }
            await connection.close()
        }
        let before = try Measurement.residentKiB()
        let open = Mutex<[SSHConnection]>([])
        try await inParallel(count, atOnce: atOnce) { _ in
            let connection = try await server.connect()
            open.withLock { $0.append(connection) }
        }
        let loggedIn = try Measurement.residentKiB()
        let connections = open.withLock { $0 }
        try await inParallel(count, atOnce: atOnce) { number in
            _ = try await connections[number].execute("true") { _ in }
        }
        // One command on each: an idle session is mostly one that has done something before.
        let used = try Measurement.residentKiB()
        measurement.stop()
        for connection in connections {
            guard await !connection.isLost else { throw Unexpected(description: "a session did not stay open") }
        }
        try await inParallel(count, atOnce: atOnce) { await connections[$0].close() }
        measurement.add("sessions", Double(count))
        measurement.add("before_kib", before)
        measurement.add("per_session_kib", (loggedIn - before) / Double(count))
        measurement.add("per_used_session_kib", (used - before) / Double(count))
        return measurement
    }
}
