package import CloudModel
package import MayflyCore

/// One simulation's whole script: what is submitted, and what goes wrong when. With its seed it fixes every step.
package struct WorldPlan: Sendable {
    /// A job and what its command does on the instance.
    package struct Job: Sendable {
        @Shared package var definition: JobDefinition
        package var submittedAfter: Duration = .zero
        package var work = Work()
        /// A person cancels it then.
        package var cancelledAfter: Duration?
        /// Somebody destroys its instance by hand, so long after it was created.
        package var vanishesAfter: Duration?
        /// What a person wants once its instance is held.
        package var holdWishes: [HoldWishPlan] = []
        /// What its instance sends crashes every keeper that logs in to it.
        package var crashesKeeper = false
    }

    /// A person looks at what is held, and wants something of it.
    package struct HoldWishPlan: Sendable {
        /// Since the hold began.
        package var after: Duration
        /// Lets go of it when `nil`.
        package var extendsBy: Duration?
        /// Whether the keeper is woken; else it finds out by itself.
        package var isAnnounced: Bool
    }

    /// What happens on an instance.
    package struct Work: Sendable {
        package var duration: Duration = .seconds(2)
        package var exitCode: Int32 = 0
        package var stdoutBytes = 120
        package var stderrBytes = 40
        /// In how many pieces, over its duration, it writes.
        package var pieces = 3
        package var outputBytes = 80
        /// Whether TERM ends it; else KILL does.
        package var obeys = true
        /// Its supervisor is killed half way and seals nothing.
        package var supervisorDies = false
        package var startup: Duration = .zero
        package var startupExit: Int32 = 0
        package var setup: Duration = .milliseconds(500)
        package var setupExit: Int32 = 0

        package init(duration: Duration = .seconds(2), exitCode: Int32 = 0) {
            self.duration = duration
            self.exitCode = exitCode
        }
    }

    /// One keeper's end, or a pause in its life.
    package struct Interruption: Hashable, Sendable {
        package enum Moment: Hashable, Sendable {
            /// Its boundary of this number: the moment of an effect.
            case boundary(Int)
            case time(Duration)
        }

        package enum Kind: Hashable, Sendable {
            /// `kill -9`; the effect never happens.
            case before
            /// `kill -9` as soon as it has happened: its answer is never heard.
            case after
            /// `kill -9` while the request is on its way: it arrives so much later. What is local is torn half way.
            case inFlight(Duration)
            /// SIGSTOP for so long, while another keeper takes over.
            case stalled(Duration)
            /// The lid is closed for so long: nobody else takes over.
            case suspended(Duration)
        }

        package var moment: Moment
        package var kind: Kind
        /// From the end of one keeper to the start of the next.
        package var downtime: Duration = .milliseconds(200)
        /// Whether the host boots in between.
        package var reboots = false

        package init(
            _ moment: Moment, _ kind: Kind, downtime: Duration = .milliseconds(200), reboots: Bool = false
        ) {
            self.moment = moment
            self.kind = kind
            self.downtime = downtime
            self.reboots = reboots
        }
    }

    /// The cloud's pace.
    package struct Pace: Sendable {
        package var boot: Duration = .seconds(5)
        package var deletion: Duration = .seconds(1)
        package var snapshot: Duration = .seconds(5)
        package var sshAfterBoot: Duration = .zero
        /// A GET of a fresh instance says 404 for so long.
        package var getLag: Duration = .zero
    }

    package var seed: UInt64
    /// Whether tasks take turns as the seed has it; else in the order in which they became ready.
    package var shuffles = true
    package var jobs: [Job] = []
    package var submissionLimit = 4
    package var listingLag: Duration = .seconds(60)
    package var pollInterval: Duration = .seconds(2)
    package var pace = Pace()
    package var faults = FaultScript()
    /// One for each keeper, in the order of their starts; the last keeper lives.
    package var interruptions: [Interruption] = []
    package var wallJumps: [(after: Duration, by: Duration)] = []
    /// The keeper has the token of another account from then on, for so long.
    package var foreignToken: (after: Duration, lasts: Duration)?
    /// The row of this job cannot be read from then on, for so long.
    package var unreadable: (job: Int, after: Duration, lasts: Duration)?
    /// The commit of this number fails, counted from 0.
    package var failingCommit: Int?
    /// Of a thousand commits so many fail.
    package var storeFaults = 0
    /// Of a thousand snapshots so many end in `error`.
    package var snapshotFailures = 0
    /// The first connection is cut after so many bytes.
    package var firstCutAfter: Int?
    /// Of a thousand connections so many are cut after up to `cutWithin` bytes.
    package var cuts = 0
    package var cutWithin = 400
    /// Of a thousand connections so many are refused.
    package var refusals = 0
    /// How long a connection, and each request on it, takes.
    package var roundTrip: Duration = .zero
    /// How long after a keeper's start a client brings it the secrets.
    package var secretsAfter: Duration = .zero
    /// Whether nothing that goes wrong may change what comes out of a job.
    package var isGentle = true

    package init(seed: UInt64) { self.seed = seed }

    /// Nothing goes wrong.
    package static func quiet(seed: UInt64 = 1, jobs: Int = 1, work: Work = Work()) -> WorldPlan {
        var plan = WorldPlan(seed: seed)
        plan.jobs = Array(repeating: Job(definition: definition(), work: work), count: jobs)
        plan.submissionLimit = max(1, jobs)
        return plan
    }

    /// Gives every job all the stages there are.
    package mutating func addStages() {
        for index in jobs.indices {
            jobs[index].definition.startupScript = StartupScript(text: "#!/bin/sh\n")
            jobs[index].definition.code = FrozenCode(sha256: "00", byteCount: 0, fileCount: 0)
            jobs[index].definition.setup = "setup"
            jobs[index].definition.snapshot.when = .always
        }
    }

    static func definition() -> JobDefinition {
        JobDefinition(
            name: "job",
            machine: MachineRequest(
                type: "vcpu-4_memory-12g_disk-80g_nvidia3080-1", image: "ubuntu-22.04", region: "ARC-IS-HAF-1"),
            command: .shell("work"), outputs: ["results"],
            timeouts: Timeouts(run: .seconds(1800)))
    }
}
