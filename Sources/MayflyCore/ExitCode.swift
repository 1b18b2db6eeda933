/// The exit codes of `mayfly run` and `mayfly attach`, as the README documents them.
public enum ExitCode {
    public static let setupFailed: Int32 = 240
    public static let cloudError: Int32 = 241
    public static let noCapacity: Int32 = 242
    public static let connectionLost: Int32 = 243
    public static let timedOut: Int32 = 244
    public static let cancelled: Int32 = 245
    public static let outputsMissing: Int32 = 246
    public static let detached: Int32 = 247
    public static let mayHaveLeaked: Int32 = 249
    public static let badSpec: Int32 = 64
    public static let internalError: Int32 = 70

    /// The code of one finished job: a possible leak dominates, then the command's own code, then missing outputs.
    public static func of(outcome: Outcome, delivery: Delivery, teardown: Teardown) -> Int32 {
        guard teardown == .clean else { return mayHaveLeaked }
        switch outcome {
        case .succeeded: return delivery == .complete ? 0 : outputsMissing
        case .failedUser(let code): return code
        case .failedSetup: return setupFailed
        case .failedSpec: return badSpec
        case .failedCapacity: return noCapacity
        case .failedCloud, .lost, .overBudget: return cloudError
        case .failedConnection: return connectionLost
        case .timedOut: return timedOut
        case .cancelled: return cancelled
        }
    }

    /// The code of several jobs: 249 if any, else the first that is not 0, in submission order.
    public static func of(_ codes: [Int32]) -> Int32 {
        codes.contains(mayHaveLeaked) ? mayHaveLeaked : codes.first { $0 != 0 } ?? 0
    }
}
