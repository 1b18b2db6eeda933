import Foundation
import MayflyCore
import MayflyTestKit
import Testing

/// The walk's clock moves a second with each event, the cloud's is far away from it.
@Suite struct BillableEstimateTests {
    private static let cloud = WallTime(rawValue: 1_600_000_000_000)

    private func life(
        created: WallTime?, destroyed: DestroyAnswer, afterAccepted: [AttemptEvent] = [.verifiedGone]
    ) -> AttemptState {
        var walk = Walk(Sample.full())
        var observed = Sample.observed
        observed.answeredAt = created
        walk.feed(.began, .created(observed), .becameReachable(Sample.reachable), .connected)
        walk.feed(.startupEnded(.exited(0)), .uploaded, .setupEnded(.exited(0)), .commandStarted)
        walk.feed(.commandEnded(.exited(0), logsComplete: true), .collected(complete: true, warnings: []))
        walk.feed(.teardownDelayed(Sample.reason), .teardownDelayed(Sample.reason))
        walk.feed(.destroyAnswered(destroyed))
        for event in afterAccepted { walk.feed(event) }
        return walk.machine.state
    }

    @Test func theCloudsClockDecidesAndWhatIsUnknownWidensIt() throws {
        let state = life(
            created: Self.cloud, destroyed: DestroyAnswer(answeredAt: Self.cloud.advanced(by: .seconds(100))))
        let estimate = try #require(state.billableEstimate)
        // The create was answered 1 s after its intent, the destroy was accepted 3 s after it was first asked for; each Date
        // stands for a whole second.
        #expect(estimate.min == 100 - 3 - 1)
        #expect(estimate.max == 100 + 1 + 1)
    }

    @Test func oneThatWasFoundGoneCountsOnlyWhileItWasSeen() throws {
        let state = life(
            created: Self.cloud,
            destroyed: DestroyAnswer(existed: false, answeredAt: Self.cloud.advanced(by: .seconds(100))))
        let estimate = try #require(state.billableEstimate)
        // Last heard of when the command ended, 4 s before.
        #expect(estimate.min == 100 - 4 - 1)
        #expect(estimate.max == 102)
    }

    @Test func withoutTheCloudsClockThisHostsIsUsed() throws {
        let estimate = try #require(life(created: nil, destroyed: DestroyAnswer()).billableEstimate)
        #expect(estimate.min == 7, "from the create's answer to the end of the command")
        #expect(estimate.max == 12, "from the intent to the acceptance")
    }

    @Test func nothingIsClaimedOfWhatIsNotKnown() {
        var walk = Walk(Sample.full())
        #expect(walk.machine.state.billableEstimate == nil)
        walk.feed(.began, .created(Sample.observed))
        #expect(walk.machine.state.billableEstimate == nil, "it has not ended")
        var refused = Walk(Sample.full())
        refused.feed(.began, .createRefused(ProviderError(kind: .capacity, reason: Sample.reason)))
        #expect(refused.machine.state.billableEstimate == nil)
        #expect(record([refused.machine.state]).billableEstimate == nil)
    }

    @Test func attemptsAreAddedUpAndAnUnsettledOneForbidsIt() throws {
        let one = life(
            created: Self.cloud, destroyed: DestroyAnswer(answeredAt: Self.cloud.advanced(by: .seconds(10))))
        let sum = try #require(record([one, one]).billableEstimate)
        #expect(sum.min == 2 * (10 - 4) && sum.max == 2 * 12)
        var lost = Walk(Sample.full())
        lost.feed(.began, .createUnsettled(Sample.reason))
        #expect(record([lost.machine.state, one]).billableEstimate == nil)
    }

    @Test func theReceiptHasItInSnakeCase() throws {
        let one = life(
            created: Self.cloud, destroyed: DestroyAnswer(answeredAt: Self.cloud.advanced(by: .seconds(10))))
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        let receipt = Receipt(of: record([one]), finishedAt: nil) { "\($0.rawValue)" }
        #expect(
            String(decoding: try encoder.encode(receipt), as: UTF8.self)
                .contains(#""billable_estimate":{"max":12,"min":6}"#))
    }

    private func record(_ attempts: [AttemptState]) -> JobRecord {
        JobRecord(
            id: JobID(rawValue: 41), definition: Sample.full(), cloud: CloudReference(kind: .local, endpoint: ""),
            resultsParent: "/r", submission: "s", submissionLimit: 1, submittedAt: Fixtures.now.wall,
            attempts: attempts)
    }
}
