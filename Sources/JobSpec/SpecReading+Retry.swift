import MayflyCore
import PositionedYAML

extension SpecReading {
    mutating func retry(_ node: SpecNode) -> RetryPolicy? {
        if case .scalar(let scalar) = node.content, !node.isMissing {
            let meant = Int(scalar.text) == nil ? "{attempts: 3}" : "{attempts: \(scalar.text)}"
            fail(
                node.location, "`retry` must be a mapping, not \(Quoted(scalar.text)): did you mean `retry: \(meant)`?")
            return nil
        }
        guard let fields = fields(node, of: "`retry`", known: SpecFields.retry), !fields.isEmpty else { return nil }
        var policy = RetryPolicy()
        if let node = fields["attempts"]?.value,
            let attempts = integer(node, "`retry.attempts`", in: 1...RetryPolicy.mostAttempts)
        {
            policy.attempts = attempts
        }
        if let node = fields["when"]?.value { policy.when = causes(node) }
        if let node = fields["exit_codes"]?.value, let items = list(node, "`retry.exit_codes`") {
            // 0 is success; a process cannot end with more than 255.
            policy.exitCodes = items.compactMap { integer($0, "an entry of `retry.exit_codes`", in: 1...255) }
                .map(Int32.init)
        }
        if let node = fields["backoff"]?.value, let backoff = duration(node, "`retry.backoff`", mayBeNone: true) {
            policy.backoff = backoff ?? .zero
        }
        return policy
    }

    private mutating func causes(_ node: SpecNode) -> [RetryCause]? {
        guard let items = list(node, "`retry.when`") else { return nil }
        var causes: [RetryCause] = []
        for item in items {
            if case .scalar(let scalar) = item.content, let meant = Self.otherCauses[scalar.text.lowercased()] {
                fail(
                    item.location,
                    "an entry of `retry.when` must be \(Self.list(RetryCause.allCases.map(\.rawValue))), not "
                        + "\(Quoted(scalar.text)): did you mean `\(meant.rawValue)`?")
            } else if let cause = choice(item, "an entry of `retry.when`", of: RetryCause.self) {
                causes.append(cause)
            }
        }
        return causes
    }

    /// What it is called elsewhere.
    private static let otherCauses: [String: RetryCause] = [
        "no-capacity": .capacity, "no_capacity": .capacity, "quota": .capacity, "interruption": .cloud,
        "interrupted": .cloud, "preemption": .cloud, "instance": .cloud, "network": .connection, "ssh": .connection,
        "startup": .setup, "xid": .gpu, "hardware": .gpu, "error": .user, "failure": .user, "exit": .user,
        "command": .user,
    ]
}
