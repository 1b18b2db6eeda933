import MayflyCore

/// Following for programs: NDJSON on stdout and nothing else there.
struct JSONView: FollowView {
    let logs: [JobLog] = [.startup, .setup, .stdout, .stderr]
    let console: Console

    func submitted(_ job: JobRecord) throws { try say(.submitted(job)) }

    func changed(_ job: JobRecord, from previous: JobRecord?, now: Moment) throws {
        for event in JobEvent.phases(job, from: previous) { try say(event) }
    }

    func tick(_ jobs: [JobRecord], now: Moment) {}

    func output(_ place: LogPlace, offset: Int64, _ bytes: [UInt8]) throws {
        try say(.output(place, offset: offset, bytes))
    }

    func ended(_ job: JobRecord) throws { try say(.finished(job)) }

    func detached(_ job: JobRecord) throws { try say(JobEvent(.detached, job)) }

    func notice(_ text: String) throws { try say(.notice(text)) }

    func ask(_ question: String?) {}

    func close() {}

    var isClosed: Bool { console.stdoutIsClosed }

    private func say(_ event: JobEvent) throws { try console.out(line: event.line()) }
}
