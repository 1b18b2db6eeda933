import Foundation
import MayflyCore

/// One line of `--json`: versioned, one object per line, keys in snake case, job output in base64.
///
/// Fields are only ever added within a version.
struct JobEvent: Encodable, Equatable {
    static let currentVersion = 1

    enum Kind: String, Encodable {
        case submitted, phase, waiting, output, finished, detached, notice, job
    }

    struct Phase: Encodable, Equatable {
        var phase: String
        var seconds: Double
    }

    struct Object: Encodable, Equatable {
        var kind: String
        var name: String
        var id: String?
        var state: String
    }

    var v = JobEvent.currentVersion
    var event: Kind
    var job: Int64?
    var name: String?
    var at: String?
    var cloud: String?
    var endpoint: String?
    var results: String?
    var attempt: Int?
    var phase: String?
    var waitingFor: String?
    /// Until when its instance is held.
    var heldUntil: String?
    /// `startup`, `setup`, `stdout` or `stderr`.
    var stream: String?
    /// Of the first byte of `data` in its log. Each attempt has logs of its own.
    var offset: Int64?
    var data: String?
    var outcome: String?
    var reason: Reason?
    var verdict: String?
    /// The command's own.
    var exitCode: Int32?
    /// What `mayfly run` ends with for this job.
    var status: Int32?
    var delivery: String?
    var teardown: String?
    var phases: [Phase]?
    var objects: [Object]?
    var billableEstimate: BillableEstimate?
    var warnings: [String]?
    var message: String?

    init(_ event: Kind, _ job: JobRecord? = nil) {
        self.event = event
        self.job = job?.id.rawValue
    }

    static func submitted(_ job: JobRecord) -> JobEvent {
        var event = JobEvent(.submitted, job)
        event.name = job.definition.name
        event.at = TimeText.iso8601(job.submittedAt)
        event.cloud = job.cloud.kind.rawValue
        event.endpoint = job.cloud.endpoint.isEmpty ? nil : job.cloud.endpoint
        event.results = job.resultsFolder
        return event
    }

    /// Every phase entered since `previous`, none left out however seldom one looks.
    static func phases(_ job: JobRecord, from previous: JobRecord?) -> [JobEvent] {
        var events: [JobEvent] = []
        for attempt in job.attempts {
            let known = previous?.attempts.first { $0.number == attempt.number }?.spans.count ?? 0
            for span in attempt.spans.dropFirst(known) {
                var event = JobEvent(.phase, job)
                event.attempt = attempt.number
                event.phase = span.phase
                event.at = TimeText.iso8601(span.began.wall)
                events.append(event)
            }
        }
        if let wait = job.waitText, wait != previous?.waitText {
            var event = JobEvent(.waiting, job)
            event.phase = job.phaseWord
            event.waitingFor = wait
            event.heldUntil = heldUntil(job)
            events.append(event)
        }
        return events
    }

    static func output(_ place: LogPlace, offset: Int64, _ bytes: [UInt8]) -> JobEvent {
        var event = JobEvent(.output)
        event.job = place.job.rawValue
        event.attempt = place.attempt
        event.stream = place.log.rawValue
        event.offset = offset
        event.data = Data(bytes).base64EncodedString()
        return event
    }

    static func finished(_ job: JobRecord) -> JobEvent {
        var event = JobEvent(.finished, job)
        event.name = job.definition.name
        event.at = job.finishedAt.map(TimeText.iso8601)
        event.results = job.resultsFolder
        event.outcome = job.outcome?.word
        event.reason = job.reason
        event.verdict = job.attempt?.verdict
        event.exitCode = job.attempt?.exitCode
        event.status = job.exitStatus
        event.delivery = (job.attempt?.delivery ?? .none).rawValue
        event.teardown = (job.attempt?.teardown ?? .clean).word
        event.phases = job.phaseTimes.map { Phase(phase: $0.phase, seconds: Double($0.elapsed.milliseconds) / 1000) }
        event.objects = job.attempts.flatMap(\.objects).map {
            Object(kind: $0.kind.rawValue, name: $0.name, id: $0.cloudID, state: $0.state.rawValue)
        }
        event.billableEstimate = job.billableEstimate
        event.warnings = job.attempts.flatMap(\.warnings)
        return event
    }

    /// A job as `ls --json` and `show --json` print it.
    static func row(_ job: JobRecord) -> JobEvent {
        var event = finished(job)
        let submission = submitted(job)
        event.event = .job
        event.cloud = submission.cloud
        event.endpoint = submission.endpoint
        event.phase = job.phaseWord
        event.waitingFor = job.waitText
        event.heldUntil = heldUntil(job)
        if !job.isFinished { event.status = nil }
        return event
    }

    private static func heldUntil(_ job: JobRecord) -> String? {
        guard !job.isFinished, job.attempt?.isHeld == true else { return nil }
        return (job.attempt?.hold?.endsAt).map(TimeText.iso8601)
    }

    static func notice(_ text: String) -> JobEvent {
        var event = JobEvent(.notice)
        event.message = text
        return event
    }

    /// Without a newline.
    func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
