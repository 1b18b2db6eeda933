import MayflyCore
import Synchronization

/// Carries the logs of followed jobs to where they are shown, on its own task: a reader that stands still stops only
/// this, never the view of the phases or a Ctrl-C.
final class LogPump: Sendable {
    /// Handed to the view, in order, one after another.
    typealias Sink = @Sendable (JobID, JobLog, Int64, [UInt8]) throws -> Void

    private struct State {
        var tails: [JobID: [(log: JobLog, tail: LogTail)]] = [:]
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
        let tails = logs.map { log in
            var tail = LogTail(path: job.logPath(log))
            if onlyNew { tail.skipToEnd() }
            return (log: log, tail: tail)
        }
        state.withLock {
            $0.tails[job.id] = tails
            $0.due.insert(job.id)
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
        guard var tails = state.withLock({ $0.tails[job] }) else { return false }
        var more = false
        for index in tails.indices {
            var turns = 16
            while turns > 0 {
                let offset = tails[index].tail.offset
                let bytes = tails[index].tail.next()
                if bytes.isEmpty { break }
                try sink(job, tails[index].log, offset, bytes)
                turns -= 1
            }
            more = more || turns == 0
        }
        state.withLock { [tails] in $0.tails[job] = tails }
        return more
    }
}
