/// What a finished job leaves beside its results as `receipt.json`: versioned, in the words of the documentation.
///
/// Encoded with snake-case keys (`exit_code`, `absence_seen_at`).
public struct Receipt: Codable, Sendable {
    public static let currentVersion = 1

    public struct Object: Codable, Sendable {
        public var kind: String
        public var name: String
        public var id: String?
        public var state: String
        public var createdAt: String
        public var destroyAcceptedAt: String?
        public var absenceSeenAt: String?
    }

    public struct Instance: Codable, Sendable {
        public var id: String
        public var name: String
        public var type: String
        public var region: String
    }

    public struct Code: Codable, Sendable {
        public var sha256: String
        public var bytes: Int64
        public var gitCommit: String?
        public var gitDirty: Bool?
    }

    public struct Phase: Codable, Sendable {
        public var attempt: Int
        public var phase: String
        public var beganAt: String
        public var seconds: Double?
    }

    public var version: Int
    public var job: Int64
    public var name: String
    public var labels: [String: String]
    public var cloud: String
    public var endpoint: String
    public var outcome: String
    public var reason: Reason?
    /// What probably made it fail; absent without signs.
    public var verdict: String?
    public var exitCode: Int32?
    public var delivery: String
    public var teardown: String
    public var attempts: Int
    /// How each attempt ended, the first one first; the job's own outcome differs from the last where a cancel came before
    /// the next attempt.
    public var attemptOutcomes: [String]
    public var submittedAt: String
    public var finishedAt: String?
    public var phases: [Phase]
    public var instance: Instance?
    public var code: Code?
    public var image: String
    public var objects: [Object]
    /// For how many seconds the cloud had instances of this job, all attempts together; absent where there was none, or
    /// where the end of one is not known.
    public var billableEstimate: BillableEstimate?
    public var warnings: [String]
    /// Length and SHA-256 of `stdout.log` and `stderr.log`, as the instance sealed them before it went.
    public var logs: SealedLogs?

    /// - Parameter format: renders a wall time as ISO 8601 in UTC with milliseconds.
    public init(of job: JobRecord, finishedAt: WallTime?, format: (WallTime) -> String) {
        let last = job.attempts.last
        version = Self.currentVersion
        self.job = job.id.rawValue
        name = job.definition.name
        labels = job.definition.labels
        cloud = job.cloud.kind.rawValue
        endpoint = job.cloud.endpoint
        outcome = job.outcome?.word ?? "lost"
        reason = job.reason
        verdict = last?.verdict
        exitCode = last?.exitCode
        delivery = (last?.delivery ?? .none).rawValue
        teardown = (last?.teardown ?? .clean).word
        attempts = job.attempts.count
        attemptOutcomes = job.attempts.map { $0.outcome?.word ?? "lost" }
        submittedAt = format(job.submittedAt)
        self.finishedAt = finishedAt.map(format)
        phases = []
        objects = []
        for attempt in job.attempts {
            phases += attempt.spans.map { span in
                Phase(
                    attempt: attempt.number, phase: span.phase, beganAt: format(span.began.wall),
                    seconds: span.elapsed.map { Double($0) / 1000 })
            }
            objects += attempt.objects.map { object in
                Object(
                    kind: object.kind.rawValue, name: object.name, id: object.cloudID,
                    state: object.state.rawValue,
                    createdAt: format(object.intendedAt),
                    destroyAcceptedAt: object.destroyAcceptedAt.map(format),
                    absenceSeenAt: object.goneAt.map(format))
            }
        }
        instance = last?.instance.map {
            Instance(id: $0.id.rawValue, name: $0.name, type: $0.type, region: $0.region)
        }
        code = job.definition.code.map {
            Code(
                sha256: $0.sha256, bytes: $0.byteCount, gitCommit: $0.gitCommit,
                gitDirty: $0.gitCommit == nil ? nil : $0.gitDirty)
        }
        image = job.definition.machine.image
        billableEstimate = job.billableEstimate
        warnings = job.attempts.flatMap { $0.warnings }
        logs = last?.sealedLogs
    }
}
