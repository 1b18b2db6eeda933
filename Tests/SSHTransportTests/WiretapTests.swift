import Foundation
import NIOCore
import Testing

@testable import SSHTransport

/// Readiness and loss at every point of a conversation. All points with `MAYFLY_SSH_EVERY_CUT=1`, which takes long.
@Suite(.timeLimit(.minutes(5))) struct WiretapTests {
    static let everyCut = ProcessInfo.processInfo.environment["MAYFLY_SSH_EVERY_CUT"] != nil

    func expectWhole(_ outcome: Wiretap.Outcome, _ comment: Comment) {
        #expect(outcome.error == nil, comment)
        #expect(outcome.exit == .status(5), comment)
        #expect(outcome.out == "output", comment)
        #expect(outcome.err == "err", comment)
        expectNothingLeft(outcome, comment)
    }

    func expectNothingLeft(_ outcome: Wiretap.Outcome, _ comment: Comment) {
        #expect(outcome.bytesLeft == 0, comment)
        #expect(outcome.isEngineGone, comment)
    }

    @Test(arguments: [1, 2, 3, 5, 7, 15, 16, 17, 31, 64, 1000])
    func piecesOfAnySize(size: Int) async throws {
        let server = try await SSHServer()
        expectWhole(try await Wiretap(server: server, plan: .init(piece: size)).run(), "pieces of \(size)")
    }

    @Test(arguments: [1, 100, Int.max])
    func writabilityThatFlips(size: Int) async throws {
        let server = try await SSHServer()
        expectWhole(try await Wiretap(server: server, plan: .init(piece: size, flips: true)).run(), "\(size)")
    }

    @Test(arguments: [Wiretap.Direction.down, .up])
    func cutsAreOneErrorEach(direction: Wiretap.Direction) async throws {
        let server = try await SSHServer()
        let whole = try await Wiretap(server: server).run()
        expectWhole(whole, "uncut")
        let total = direction == .down ? whole.down : whole.up
        var codes: Set<SSHError.Code> = []
        for count in stride(from: 0, through: total, by: Self.everyCut ? 1 : 29) {
            let outcome = try await Wiretap(server: server, plan: .init(cut: (direction, count))).run()
            expectNothingLeft(outcome, "cut \(direction) after \(count)")
            if let error = outcome.error {
                codes.insert(error.code)
                #expect(outcome.exit == nil, "cut \(direction) after \(count)")
                // Somebody who has said that it speaks SSH is no machine that still boots.
                if direction == .down, count > 200 { #expect(error.code == .connectionLost) }
            } else {
                expectWhole(outcome, "cut \(direction) after \(count)")
                #expect(count > total / 2)
            }
        }
        #expect(codes.isSubset(of: [.closedBeforeBanner, .connectionLost]))
        #expect(codes.contains(.connectionLost))
    }

    @Test func silenceEndsWithTheDeadline() async throws {
        let server = try await SSHServer()
        for count in [0, 10, 21, 22, 100, 1000, 1500] {
            let plan = Wiretap.Plan(cut: (.down, count), isSilent: true)
            let outcome = try await Wiretap(server: server, plan: plan).run()
            #expect(outcome.error?.code == .timedOut, "silent after \(count)")
            expectNothingLeft(outcome, "silent after \(count)")
        }
    }
}
