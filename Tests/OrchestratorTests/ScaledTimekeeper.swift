import Foundation
import MayflyCore

/// Real time, run faster: an hour of waiting is over in seconds, and yet everything keeps its order.
struct ScaledTimekeeper: Timekeeper {
    let factor: Int
    let bootID: String
    private let start = ContinuousClock.now
    /// Real: the supervisor compares the attempt's expiry with its own clock.
    private let startWall = Int64(Date().timeIntervalSince1970 * 1000)

    init(factor: Int = 50, bootID: String = "boot-1") {
        self.factor = factor
        self.bootID = bootID
    }

    func now() -> Moment {
        let passed = start.duration(to: .now).milliseconds * Int64(factor)
        return Moment(
            wall: WallTime(rawValue: startWall + passed), boot: BootInstant(rawValue: 60_000 + passed))
    }

    func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration / factor) }
}
