import MayflyCore

/// Tokens and secrets, in memory only. They die with the keeper; clients bring them again.
actor Vault {
    private var tokens: [String: String] = [:]
    private var secrets: [JobID: [EnvironmentVariable]] = [:]

    func take(tokens granted: [TokenGrant], secrets grants: [SecretGrant]) {
        for grant in granted { tokens[grant.endpoint] = grant.token }
        for grant in grants { secrets[grant.job] = grant.values }
    }

    func token(for endpoint: String) -> String? { tokens[endpoint] }

    func secrets(of job: JobID) -> [EnvironmentVariable]? { secrets[job] }

    var jobsWithSecrets: Set<JobID> { Set(secrets.keys) }

    func forget(_ jobs: Set<JobID>) { for job in jobs { secrets[job] = nil } }
}
