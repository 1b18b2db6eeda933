import MayflyCore
import Synchronization

/// Which log of which attempt bytes belong to.
struct LogPlace: Hashable, Sendable {
    var job: JobID
    var attempt: Int
    var log: JobLog
}

/// Carries the logs of followed jobs to where they are shown, on its own task: a reader that stands still stops only
/// this, never the view of the phases or a Ctrl-C.
final class LogPump: Sendable {
    /// Handed to the view, in order, one after another.
    typealias Sink = @Sendable (LogPlace, Int64, [UInt8]) throws -> Void

    /// The logs of one attempt.
    private struct AttemptTails {
        var attempt: Int
        var logs: [(log: JobLog, tail: LogTail)]
    }

    private struct State {
        /// The attempts whose logs are not drained yet, oldest first.
        var tails: [JobID: [AttemptTails]] = [:]
        var due: Set<JobID> = []
        /// Had the last turn.
        var latest: JobID?
        /// Their logs will not grow any more: once drained they are reported.
        var ending: Set<JobID> = []
    }

    private let state = Mutex(State())
    private let signal: AsyncStream<Void>.Continuation
    private let signals: AsyncStream<Void>

    init() {
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// - Parameter onlyNew: skips what the logs hold now.
    func add(_ job: JobRecord, logs: [JobLog], onlyNew: Bool) {
        let newest = job.attempt?.number ?? 1
        let tails = (onlyNew ? newest...newest : 1...max(1, newest)).map { attempt in
            AttemptTails(
                attempt: attempt,
                logs: logs.map { log in
                    var tail = LogTail(log, of: job, attempt: attempt)
                    if onlyNew { tail.skipToEnd() }
                    return (log: log, tail: tail)
                })
        }
        state.withLock {
            $0.tails[job.id] = tails
            $0.due.insert(job.id)
        }
        signal.yield()
    }

    /// The job's attempts may have become more: the newer ones' logs follow once those before them are drained.
    func followAttempts(of job: JobRecord) {
        guard let newest = job.attempt?.number else { return }
        state.withLock { state in
            guard let last = state.tails[job.id]?.last, last.attempt < newest else { return }
            for attempt in (last.attempt + 1)...newest {
                let logs = last.logs.map { (log: $0.log, tail: LogTail($0.log, of: job, attempt: attempt)) }
                state.tails[job.id]?.append(AttemptTails(attempt: attempt, logs: logs))
            }
            state.due.insert(job.id)
        }
        signal.yield()
    }

    /// The job's logs may have grown.
    func nudge(_ job: JobID) {
        state.withLock { if $0.tails[job] != nil { $0.due.insert(job) } }
        signal.yield()
    }

    func nudgeAll() {
        state.withLock { $0.due.formUnion($0.tails.keys) }
        signal.yield()
    }

    /// The logs are sealed: drain them to their end, then report.
    func end(_ job: JobID) {
        state.withLock {
            guard $0.tails[job] != nil else { return }
            $0.due.insert(job)
            $0.ending.insert(job)
        }
        signal.yield()
    }

    /// Carries until cancelled.
    /// - Throws: what the sink throws, for example ``OutputClosed``.
    func run(into sink: @escaping Sink, drained: @escaping @Sendable (JobID) -> Void) async throws {
        for await _ in signals {
            while let (job, ending) = takeDue() {
                let more = try await offload { [self] in try pass(job, into: sink) }
                if more {
                    nudge(job)
                } else if ending {
                    state.withLock {
                        $0.tails[job] = nil
                        $0.ending.remove(job)
                    }
                    drained(job)
                }
            }
        }
    }

    /// In turn, so that no job starves another: each turn carries a bounded amount.
    private func takeDue() -> (JobID, ending: Bool)? {
        guard !Task.isCancelled else { return nil }
        return state.withLock { state in
            let next = state.latest.flatMap { latest in state.due.filter { $0 > latest }.min() } ?? state.due.min()
            guard let job = next else { return nil }
            state.due.remove(job)
            state.latest = job
            return (job, state.ending.contains(job))
        }
    }

    /// One turn of one job: up to a megabyte of each of its logs. Whether there is more.
    private func pass(_ job: JobID, into sink: Sink) throws -> Bool {
        guard let attempts = state.withLock({ $0.tails[job] }), var current = attempts.first else { return false }
        var more = false
        for index in current.logs.indices {
            var turns = 16
            while turns > 0 {
                let offset = current.logs[index].tail.offset
                let bytes = current.logs[index].tail.next()
                if bytes.isEmpty { break }
                let place = LogPlace(job: job, attempt: current.attempt, log: current.logs[index].log)
                try sink(place, offset, bytes)
                turns -= 1
            }
            more = more || turns == 0
        }
        return state.withLock { [current, more] in
            // Judged by what was known before the look: an attempt that had been followed by another grew no more.
            if !more, attempts.count > 1 {
                $0.tails[job]?.removeFirst()
                return true
            }
            $0.tails[job]?[0] = current
            return more
        }
    }
}
