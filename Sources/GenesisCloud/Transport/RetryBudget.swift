internal import Synchronization

/// What all callers of a client together may spend on repetitions: a failing cloud is asked a little more often than a
/// healthy one, not four times as often.
final class RetryBudget: Sendable {
    private let balance: Mutex<Double>
    private let most: Double
    private let income: Double

    init(_ policy: GenesisCloudClient.RetryPolicy) {
        most = Double(max(0, policy.budget))
        income = max(0, policy.budgetPerRequest)
        balance = Mutex(most)
    }

    /// A first sending pays in.
    func earn() { balance.withLock { $0 = min(most, $0 + income) } }

    /// A repetition is paid for.
    func spend() -> Bool {
        balance.withLock { balance in
            guard balance >= 1 else { return false }
            balance -= 1
            return true
        }
    }
}
