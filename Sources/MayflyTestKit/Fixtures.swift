public import MayflyCore

/// Values for tests, complete and valid, that differ where a test says so.
public enum Fixtures {
    public static let installation = "abcdefgh"
    public static let now = Moment(wall: WallTime(rawValue: 1_700_000_000_000), boot: BootInstant(rawValue: 60_000))

    public static func definition(
        name: String = "train", command: JobCommand = .shell("python train.py"),
        snapshot: SnapshotPolicy = SnapshotPolicy(), timeouts: Timeouts = Timeouts()
    ) -> JobDefinition {
        JobDefinition(
            name: name, labels: ["team": "vision"],
            machine: MachineRequest(
                type: "vcpu-4_memory-12g_disk-80g_nvidia3080-1", image: "ubuntu-22.04", region: "ARC-IS-HAF-1"),
            command: command, environment: [EnvironmentVariable(name: "EPOCHS", value: "3")],
            secrets: [SecretReference(name: "WANDB_KEY", source: .environment("WANDB_KEY"))], outputs: ["model/*.pt"],
            snapshot: snapshot, timeouts: timeouts)
    }

    public static func newJob(
        _ definition: JobDefinition = Fixtures.definition(), submission: String = "s1", limit: Int = 4,
        cloud: CloudReference = CloudReference(kind: .local, endpoint: ""), at time: WallTime = now.wall
    ) -> NewJob {
        NewJob(
            definition: definition, cloud: cloud, resultsParent: "/results", submission: submission,
            submissionLimit: limit, submittedAt: time)
    }

    /// A queued attempt. Its nonce is made of the job's number and the attempt's unless one is given.
    public static func attempt(_ number: Int = 1, of job: JobID, nonce: String? = nil) -> AttemptState {
        let made = Base32.encode(UInt64(bitPattern: job.rawValue) &* 32 &+ UInt64(number), width: 8)
        return AttemptState(
            identity: AttemptIdentity(
                installation: installation, job: job, attempt: number, nonce: nonce ?? made),
            number: number, expiry: now.wall.advanced(by: .seconds(3600)), now: now, bootID: "boot-1")
    }

    /// An attempt that ended so and left nothing behind.
    public static func doneAttempt(
        _ number: Int = 1, of job: JobID, outcome: Outcome = .succeeded
    ) -> AttemptState {
        var state = attempt(number, of: job)
        state.phase = .done
        state.outcome = outcome
        state.delivery = .complete
        return state
    }
}
