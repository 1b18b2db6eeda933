import MayflyCore

/// Where a follower shows what it learns: for people, or as NDJSON. Methods may block: they are called off the
/// cooperative threads.
protocol FollowView: Sendable {
    /// The logs this view shows.
    var logs: [JobLog] { get }

    func submitted(_ job: JobRecord) throws
    /// A row changed; `previous` is `nil` the first time.
    func changed(_ job: JobRecord, from previous: JobRecord?, now: Moment) throws
    /// Time passes: redraw.
    func tick(_ jobs: [JobRecord], now: Moment)
    func output(_ place: LogPlace, offset: Int64, _ bytes: [UInt8]) throws
    /// All is said of this job, or no more will be waited for.
    func ended(_ job: JobRecord) throws
    /// The job goes on without this follower.
    func detached(_ job: JobRecord) throws
    func notice(_ text: String) throws
    /// Shows a question below everything else; `nil` takes it away.
    func ask(_ question: String?)
    /// Whether the reader of stdout has gone.
    var isClosed: Bool { get }
    /// Takes any live region away.
    func close()
}

/// What makes a follower take a step.
enum FollowEvent: Sendable {
    case tick
    case changed(JobID)
    case keeperGone
    case keeperUnreachable(String)
    case interrupt(Interrupt)
    case key(Character?)
    case drained(JobID)
}
