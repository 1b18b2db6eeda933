import Foundation
import MayflyCore
import MayflyTestKit
import Testing

enum RoundTrip {
    static func through<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    }
}

@Suite struct CoreValueTests {
    @Test func identityIsFixedWidthAndAValidHostname() {
        for job in [Int64(1), 31, 32, 1_000_000, 34_000_000_000] {
            let identity = AttemptIdentity(
                installation: "abcdefgh", job: JobID(rawValue: job), attempt: 3, nonce: "zyxwvuts")
            let hostname = identity.description
            #expect(hostname.count == 31)
            #expect(hostname.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" })
            #expect(hostname.hasPrefix(AttemptIdentity.prefix(of: "abcdefgh")))
            #expect(identity.instanceName(expiry: WallTime(rawValue: 1_800_000_000_000)).count <= 63)
        }
    }

    @Test(arguments: [
        (Outcome.succeeded, Delivery.complete, Teardown.clean, Int32(0)), (.succeeded, .partial, .clean, 246),
        (.failedUser(exitCode: 7), .partial, .clean, 7), (.failedUser(exitCode: 137), .complete, .clean, 137),
        (.failedSetup, .none, .clean, 240), (.failedCloud, .none, .clean, 241), (.failedCapacity, .none, .clean, 242),
        (.failedConnection, .none, .clean, 243), (.timedOut(.run), .complete, .clean, 244),
        (.cancelled, .none, .clean, 245), (.succeeded, .complete, .pending, 249),
        (.failedUser(exitCode: 7), .complete, .leaked(["i-1"]), 249),
    ])
    func exitCodesAreAsDocumented(outcome: Outcome, delivery: Delivery, teardown: Teardown, code: Int32) {
        #expect(ExitCode.of(outcome: outcome, delivery: delivery, teardown: teardown) == code)
    }

    @Test func severalJobsGiveALeakFirstThenTheFirstFailure() {
        #expect(ExitCode.of([0, 0]) == 0)
        #expect(ExitCode.of([0, 7, 245]) == 7)
        #expect(ExitCode.of([7, 249]) == 249)
    }

    @Test func clocksUseTheBootClockWithinABootAndWallTimeAcross() {
        let state = Fixtures.attempt(of: JobID(rawValue: 1))
        let began = Fixtures.now
        let later = Moment(
            wall: began.wall.advanced(by: .seconds(3600)), boot: began.boot.advanced(by: .seconds(5)))
        #expect(state.elapsed(since: began, now: later, bootID: state.bootID) == .seconds(5))
        #expect(state.elapsed(since: began, now: later, bootID: "another") == .seconds(3600))
    }
}
