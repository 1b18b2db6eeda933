import MayflyCore

/// Which of the jobs that are known may start now. What it does for one job costs the same with ten others and with ten
/// thousand.
struct JobQueue {
    private struct Entry {
        let submission: String
        let limit: Int
        /// It already has an attempt, and with it perhaps an instance: it never waits for a slot.
        let hasBegun: Bool
        let expiresAt: WallTime?
    }

    private var waiting: [JobID: Entry] = [:]
    private var leading: [JobID: Entry] = [:]
    /// The numbers of those that wait for a slot, ascending, by submission.
    private var lines: [String: [JobID]] = [:]
    private var slotsTaken: [String: Int] = [:]
    /// Those that wait for nothing, in no order.
    private var due: Set<JobID> = []
    /// Submissions of which one may start since the last look.
    private var touched: Set<String> = []
    /// Those of `waiting` that have a queue clock.
    private var clocked: Set<JobID> = []

    var isEmpty: Bool { waiting.isEmpty }
    var waitingJobs: [JobID] { waiting.keys.sorted() }

    /// A job that is in the store, unfinished, and not known yet.
    mutating func add(_ job: JobRecord) {
        guard waiting[job.id] == nil, leading[job.id] == nil else { return }
        wait(
            job.id,
            Entry(
                submission: job.submission, limit: job.submissionLimit, hasBegun: !job.attempts.isEmpty,
                expiresAt: job.attempts.isEmpty
                    ? job.definition.timeouts.queue.map { job.submittedAt.advanced(by: $0) } : nil))
    }

    private mutating func wait(_ id: JobID, _ entry: Entry) {
        waiting[id] = entry
        guard !entry.hasBegun else {
            due.insert(id)
            return
        }
        if entry.expiresAt != nil { clocked.insert(id) }
        lines[entry.submission, default: []].insert(id, at: rank(of: id, in: entry.submission))
        touched.insert(entry.submission)
    }

    /// It is to end, for which it needs no slot.
    mutating func hurry(_ id: JobID) {
        if waiting[id] != nil { due.insert(id) }
    }

    mutating func hurryExpired(at now: WallTime) {
        for id in clocked where waiting[id]?.expiresAt.map({ $0 <= now }) ?? false { due.insert(id) }
    }

    /// Takes out the jobs that start now, by ascending number.
    mutating func start() -> [JobID] {
        var started = due.sorted()
        due = []
        for id in started { lead(id) }
        for submission in touched.sorted() {
            while let first = lines[submission]?.first, let entry = waiting[first],
                slotsTaken[submission, default: 0] < entry.limit
            {
                lead(first)
                started.append(first)
            }
        }
        touched = []
        return started.sorted()
    }

    private mutating func lead(_ id: JobID) {
        guard let entry = waiting.removeValue(forKey: id) else { return }
        clocked.remove(id)
        let rank = rank(of: id, in: entry.submission)
        if let line = lines[entry.submission], rank < line.count, line[rank] == id {
            lines[entry.submission]?.remove(at: rank)
            if line.count == 1 { lines[entry.submission] = nil }
        }
        leading[id] = entry
        slotsTaken[entry.submission, default: 0] += 1
    }

    /// Its slot is free for another.
    mutating func ended(_ id: JobID) { _ = release(id) }

    /// It is not over, and to be led again.
    mutating func putBack(_ id: JobID) {
        if let entry = release(id) { wait(id, entry) }
    }

    private mutating func release(_ id: JobID) -> Entry? {
        guard let entry = leading.removeValue(forKey: id) else { return nil }
        let left = slotsTaken[entry.submission, default: 1] - 1
        slotsTaken[entry.submission] = left > 0 ? left : nil
        touched.insert(entry.submission)
        return entry
    }

    private func rank(of id: JobID, in submission: String) -> Int {
        guard let line = lines[submission] else { return 0 }
        var (low, high) = (0, line.count)
        while low < high {
            let middle = (low + high) / 2
            if line[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
