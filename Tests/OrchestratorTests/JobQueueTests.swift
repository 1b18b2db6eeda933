import MayflyCore
import MayflyTestKit
import Testing

@testable import Orchestrator

/// Which of the known jobs may start: nothing but values.
@Suite struct JobQueueTests {
    private func job(
        _ number: Int64, _ submission: String = "s", limit: Int = 1, queueClock: Duration? = nil, begun: Bool = false
    ) -> JobRecord {
        var definition = Fixtures.definition()
        definition.timeouts.queue = queueClock
        let id = JobID(rawValue: number)
        return JobRecord(
            id: id, definition: definition, cloud: CloudReference(kind: .local, endpoint: ""), resultsParent: "/r",
            submission: submission, submissionLimit: limit, submittedAt: Fixtures.now.wall,
            attempts: begun ? [Fixtures.attempt(of: id)] : [])
    }

    private func ids(_ numbers: Int64...) -> [JobID] { numbers.map { JobID(rawValue: $0) } }

    @Test func aSubmissionsLimitIsItsOwn() {
        var queue = JobQueue()
        for number in [1, 2, 3] as [Int64] { queue.add(job(number, limit: 2)) }
        queue.add(job(4, "other"))
        #expect(queue.start() == ids(1, 2, 4))
        #expect(queue.start().isEmpty)
        queue.ended(ids(4)[0])
        #expect(queue.start().isEmpty, "another submission's slot")
        queue.ended(ids(1)[0])
        #expect(queue.start() == ids(3))
        #expect(queue.isEmpty)
    }

    @Test func whatIsKnownIsNotAddedAgain() {
        var queue = JobQueue()
        queue.add(job(1))
        queue.add(job(1))
        #expect(queue.start() == ids(1))
        queue.add(job(1))
        #expect(queue.isEmpty && queue.start().isEmpty)
    }

    @Test func whatHasBegunAndWhatIsToEndNeedsNoSlot() {
        var queue = JobQueue()
        queue.add(job(1))
        queue.add(job(2))
        queue.add(job(3, begun: true))
        queue.add(job(4))
        queue.hurry(ids(4)[0])
        #expect(queue.start() == ids(3, 4), "they take its slots all the same")
        for id in ids(3, 4) { queue.ended(id) }
        #expect(queue.start() == ids(1))
        #expect(queue.waitingJobs == ids(2))
    }

    @Test func aQueueClockEndsTheWait() {
        var queue = JobQueue()
        for number in [1, 2, 3] as [Int64] { queue.add(job(number, queueClock: .seconds(60))) }
        #expect(queue.start() == ids(1))
        queue.hurryExpired(at: Fixtures.now.wall.advanced(by: .seconds(59)))
        #expect(queue.start().isEmpty)
        queue.hurryExpired(at: Fixtures.now.wall.advanced(by: .seconds(60)))
        #expect(queue.start() == ids(2, 3))
    }

    @Test func whatIsPutBackKeepsItsTurn() {
        var queue = JobQueue()
        for number in [1, 2, 3] as [Int64] { queue.add(job(number)) }
        #expect(queue.start() == ids(1))
        queue.putBack(ids(1)[0])
        #expect(queue.waitingJobs == ids(1, 2, 3))
        #expect(queue.start() == ids(1))
    }
}
