internal import Foundation

/// Hands byte chunks from an async producer to the one thread that pulls them, with bounded memory.
///
/// libarchive pulls and blocks; a thread of its own is its price, because a shared pool would be held up by every slow
/// instance.
final class ReceiverFeed: @unchecked Sendable {
    // Safe: every property is read and written only under `condition`'s lock.
    private let condition = NSCondition()
    private var chunks: [[UInt8]] = []
    private var buffered = 0
    private var isEnded = false
    private var isGivenUp = false
    private var result: Result<TreeReport, any Error>?
    private var producers: [CheckedContinuation<Void, any Error>] = []
    private var finishers: [CheckedContinuation<TreeReport, any Error>] = []

    private static let high = 4 << 20
    private static let low = 1 << 20

    // MARK: The producer's side

    /// Returns once there is room for more.
    func push(_ bytes: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            condition.lock()
            defer { condition.unlock() }
            switch result {
            case .failure(let error):
                continuation.resume(throwing: error)
                return
            case .success:
                // The archive ended; what follows it has no meaning.
                continuation.resume()
                return
            case nil: break
            }
            guard !isEnded, !isGivenUp else {
                continuation.resume(throwing: TreeArchiveError(code: .ended, message: "the receiver has ended"))
                return
            }
            chunks.append(bytes)
            buffered += bytes.count
            condition.signal()
            if buffered > Self.high { producers.append(continuation) } else { continuation.resume() }
        }
    }

    /// Waits until everything pushed is consumed and judged.
    func end() async throws -> TreeReport {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<TreeReport, any Error>) in
            condition.lock()
            defer { condition.unlock() }
            isEnded = true
            condition.signal()
            if let result { continuation.resume(with: result) } else { finishers.append(continuation) }
        }
    }

    /// Ends the thread at its next look; nobody waits for it.
    func giveUp() {
        condition.lock()
        isGivenUp = true
        condition.signal()
        condition.unlock()
    }

    // MARK: The thread's side

    var hasGivenUp: Bool {
        condition.lock()
        defer { condition.unlock() }
        return isGivenUp
    }

    /// Blocks for the next chunk; `nil` at the end.
    func pull() -> [UInt8]? {
        condition.lock()
        defer { condition.unlock() }
        while chunks.isEmpty, !isEnded, !isGivenUp { condition.wait() }
        guard !isGivenUp, !chunks.isEmpty else { return nil }
        let chunk = chunks.removeFirst()
        buffered -= chunk.count
        if buffered <= Self.low {
            for producer in producers { producer.resume() }
            producers = []
        }
        return chunk
    }

    func finish(_ outcome: Result<TreeReport, any Error>) {
        condition.lock()
        defer { condition.unlock() }
        result = outcome
        chunks = []
        for producer in producers {
            switch outcome {
            case .success: producer.resume()
            case .failure(let error): producer.resume(throwing: error)
            }
        }
        for finisher in finishers { finisher.resume(with: outcome) }
        producers = []
        finishers = []
    }
}
