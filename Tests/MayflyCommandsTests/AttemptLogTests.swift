import Foundation
import MayflyCore
import Synchronization
import Testing

@testable import MayflyCommands

/// A reader that is slower than the attempts sees each one's output, in order, once.
@Suite struct AttemptLogTests {
    private final class Seen: Sendable {
        let pieces = Mutex<[(attempt: Int, text: String)]>([])
        func take(_ place: LogPlace, _ bytes: [UInt8]) {
            pieces.withLock { $0.append((place.attempt, text(bytes))) }
        }
        var texts: [String] { pieces.withLock { $0.map { "\($0.attempt):\($0.text)" } } }
    }

    private static func job(_ attempts: Int, _ folder: String) -> JobRecord {
        var job = Samples.job(results: folder)
        job.attempts = (1...attempts).map { number in
            var state = Samples.attempt()
            state.number = number
            return state
        }
        return job
    }

    @Test func logsOfEarlierAttemptsComeFirstAndNeverTwice() async throws {
        let folder = NSTemporaryDirectory() + "mayfly-attempts-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let top = Self.job(1, folder).resultsFolder
        func write(_ text: String, _ name: String) throws {
            let url = URL(fileURLWithPath: "\(top)/\(name)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        try write("first", "stdout.log")
        let pump = LogPump()
        let seen = Seen()
        let drained = AsyncStream.makeStream(of: JobID.self)
        pump.add(Self.job(1, folder), logs: [.stdout], onlyNew: false)
        // Before anything was read another attempt has begun, and said more than the first.
        try write("first and last", "attempt-1/stdout.log")
        try write("second, and longer than that", "stdout.log")
        pump.followAttempts(of: Self.job(2, folder))
        pump.end(JobID(rawValue: 41))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await pump.run(
                    into: { place, _, bytes in seen.take(place, bytes) },
                    drained: { drained.continuation.yield($0) })
            }
            for await _ in drained.stream { break }
            group.cancelAll()
        }
        #expect(seen.texts == ["1:first and last", "2:second, and longer than that"])
    }
}
