import MayflyCore
import Synchronization

/// Following for people: the jobs' own output on stdout and stderr, progress on stderr, live on a terminal.
final class PeopleView: FollowView {
    let logs: [JobLog] = [.startup, .setup, .stdout, .stderr]

    private struct State {
        var channels: [JobID: [JobLog: OutputChannel]] = [:]
        /// Whose attempt's output was shown last.
        var attempts: [JobID: Int] = [:]
        var progress = ProgressLines()
        var jobs: [JobRecord] = []
        var now: Moment?
        var question: String?
    }

    private let console: Console
    private let style: Style
    private let surroundings: OutputChannel.Surroundings
    /// The names that are put before lines; empty when a single job is followed.
    private let names: [JobID: String]
    private let state = Mutex(State())

    init(console: Console, style: Style, surroundings: OutputChannel.Surroundings, jobs: [JobRecord]) {
        self.console = console
        self.style = style
        self.surroundings = surroundings
        names = jobs.count > 1 ? Self.names(jobs) : [:]
    }

    /// Two jobs of one name are told apart by their numbers.
    static func names(_ jobs: [JobRecord]) -> [JobID: String] {
        let counts = Dictionary(jobs.map { ($0.definition.name, 1) }, uniquingKeysWith: +)
        return Dictionary(
            jobs.map { job in
                let name = job.definition.name
                return (job.id, counts[name, default: 0] > 1 ? "\(name)-\(job.id)" : name)
            }, uniquingKeysWith: { first, _ in first })
    }

    func submitted(_ job: JobRecord) {
        console.error(line: "\(job.title): results in \(job.resultsFolder)")
    }

    func changed(_ job: JobRecord, from previous: JobRecord?, now: Moment) {
        if surroundings.isLive {
            let lines = state.withLock { state in
                if let index = state.jobs.firstIndex(where: { $0.id == job.id }) {
                    state.jobs[index] = job
                } else {
                    state.jobs.append(job)
                }
                state.now = now
                return region(state)
            }
            console.draw(lines)
        } else {
            for line in state.withLock({ $0.progress.lines(job, from: previous, now: now) }) {
                console.error(line: line)
            }
        }
    }

    func tick(_ jobs: [JobRecord], now: Moment) {
        guard surroundings.isLive else {
            let lines = state.withLock { state in jobs.compactMap { state.progress.waitLine($0, now: now) } }
            for line in lines { console.error(line: line) }
            return
        }
        console.draw(
            state.withLock { state in
                state.jobs = jobs
                state.now = now
                return region(state)
            })
    }

    func output(_ place: LogPlace, offset: Int64, _ bytes: [UInt8]) throws {
        let (job, log) = (place.job, place.log)
        // What an attempt left unfinished is no beginning of another's line.
        let rest = state.withLock { state in
            let earlier = state.attempts.updateValue(place.attempt, forKey: job) ?? place.attempt
            return earlier == place.attempt ? [] : finishChannels(of: job, &state)
        }
        for (bytes, toStandardOutput) in rest { try write(bytes, toStandardOutput) }
        let (shown, toStandardOutput) = state.withLock { state in
            var channel = state.channels[job]?[log] ?? makeChannel(job, log)
            let shown = channel.pass(bytes)
            state.channels[job, default: [:]][log] = channel
            return (shown, channel.toStandardOutput)
        }
        try write(shown, toStandardOutput)
        if surroundings.isLive { console.draw(state.withLock { region($0) }) }
    }

    func ended(_ job: JobRecord) throws {
        let rest = state.withLock { state in
            state.jobs.removeAll { $0.id == job.id }
            return finishChannels(of: job.id, &state)
        }
        for (bytes, toStandardOutput) in rest { try write(bytes, toStandardOutput) }
        for line in SummaryText.lines(job, style: style) { console.error(line: line) }
        if surroundings.isLive { console.draw(state.withLock { region($0) }) }
    }

    func detached(_ job: JobRecord) {
        notice("detached: \(job.title) goes on; `mayfly attach \(job.id)`, `mayfly cancel \(job.id)`")
    }

    func notice(_ text: String) { console.error(line: "mayfly: \(text)") }

    func ask(_ question: String?) {
        if surroundings.isLive {
            console.draw(
                state.withLock { state in
                    state.question = question
                    return region(state)
                })
        } else if let question {
            console.error(line: question)
        }
    }

    var isClosed: Bool { console.stdoutIsClosed }

    func close() { console.draw([]) }

    /// What the logs of a job still held back.
    private func finishChannels(of job: JobID, _ state: inout State) -> [([UInt8], Bool)] {
        let channels = state.channels.removeValue(forKey: job) ?? [:]
        return logs.compactMap { log in
            guard var channel = channels[log] else { return nil }
            return (channel.finish(), channel.toStandardOutput)
        }
    }

    private func write(_ bytes: [UInt8], _ toStandardOutput: Bool) throws {
        guard !bytes.isEmpty else { return }
        if toStandardOutput { try console.out(bytes) } else { console.error(bytes) }
    }

    private func makeChannel(_ job: JobID, _ log: JobLog) -> OutputChannel {
        let width = names.values.map(\.count).max() ?? 0
        return OutputChannel(log, name: names[job], width: width, in: surroundings)
    }

    private func region(_ state: borrowing State) -> [String] {
        guard let now = state.now else { return [] }
        let pending = state.channels.sorted { $0.key < $1.key }.flatMap { entry in
            logs.compactMap { entry.value[$0]?.pending }
        }
        return LiveRegion.lines(
            state.jobs, now: now, pending: Array(pending.suffix(4)), question: state.question,
            rows: console.size.rows, style: style)
    }
}
