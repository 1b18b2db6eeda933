package import MayflyCore

/// What a client asks of the keeper over its socket: one JSON object per line.
package enum KeeperRequest: Codable, Sendable {
    /// Always first. A keeper of another build is then asked to stand down by the client.
    case hello(build: String)
    /// Hands over what the keeper holds in memory only.
    case provide(tokens: [TokenGrant], secrets: [SecretGrant])
    /// The store has news: new jobs, a cancel.
    case wake
    /// From now on this connection gets a ``KeeperReply/changed(job:)`` or ``KeeperReply/logGrew(job:)`` for these jobs.
    case follow(jobs: [JobID])
    case status
    /// End without touching any job; they are re-attached by the next keeper.
    case standDown
}

package struct TokenGrant: Codable, Sendable {
    /// The endpoint as the job's `CloudReference` records it.
    package var endpoint: String
    package var token: String

    package init(endpoint: String, token: String) {
        self.endpoint = endpoint
        self.token = token
    }
}

package struct SecretGrant: Codable, Sendable {
    package var job: JobID
    package var values: [EnvironmentVariable]

    package init(job: JobID, values: [EnvironmentVariable]) {
        self.job = job
        self.values = values
    }
}

/// What the keeper answers or pushes: one JSON object per line.
package enum KeeperReply: Codable, Sendable {
    case hello(build: String, pid: Int32)
    case done
    case status(KeeperStatus)
    case refused(String)
    case changed(job: JobID)
    case logGrew(job: JobID)
}

package struct KeeperStatus: Codable, Sendable {
    package var build: String
    package var pid: Int32
    package var home: String
    package var startedAt: WallTime
    package var runningJobs: [JobID]
    package var waitingJobs: [JobID]

    package init(
        build: String, pid: Int32, home: String, startedAt: WallTime, runningJobs: [JobID], waitingJobs: [JobID]
    ) {
        self.build = build
        self.pid = pid
        self.home = home
        self.startedAt = startedAt
        self.runningJobs = runningJobs
        self.waitingJobs = waitingJobs
    }
}
