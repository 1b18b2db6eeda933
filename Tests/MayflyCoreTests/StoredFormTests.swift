import Foundation
import MayflyCore
import MayflyTestKit
import Testing

/// The exact text that older stores hold. A change here needs a new version of the record and a way to read this one.
@Suite struct StoredFormTests {
    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test func phases() throws {
        let expected: [(AttemptPhase, String)] = [
            (.queued, #"{"name":"queued"}"#), (.creating, #"{"name":"creating"}"#),
            (.booting(Sample.id), #"{"instance":"i-1","name":"booting"}"#),
            (.connecting(Sample.reachable), #"{"address":"192.0.2.7","instance":"i-1","name":"connecting","port":22}"#),
            (
                .preparing(Sample.reachable, .setup),
                #"{"address":"192.0.2.7","instance":"i-1","name":"preparing","port":22,"step":"setup"}"#
            ),
            (
                .running(Sample.reachable, nil),
                #"{"address":"192.0.2.7","instance":"i-1","name":"running","port":22}"#
            ),
            (
                .running(Sample.reachable, .clock(.total)),
                #"{"address":"192.0.2.7","instance":"i-1","name":"running","port":22,"stop":"clock:total"}"#
            ),
            (.verifying(Sample.id), #"{"instance":"i-1","name":"verifying"}"#), (.done, #"{"name":"done"}"#),
        ]
        for (phase, text) in expected {
            #expect(try json(phase) == text)
            #expect(try JSONDecoder().decode(AttemptPhase.self, from: Data(text.utf8)) == phase)
        }
    }

    @Test func outcomesAndTeardowns() throws {
        let outcomes: [(Outcome, String)] = [
            (.succeeded, #"{"name":"succeeded"}"#), (.failedUser(exitCode: 7), #"{"exit_code":7,"name":"failed"}"#),
            (.timedOut(.run), #"{"clock":"run","name":"timed-out"}"#), (.failedSetup, #"{"name":"failed(setup)"}"#),
            (.lost, #"{"name":"lost"}"#),
        ]
        for (outcome, text) in outcomes {
            #expect(try json(outcome) == text)
            #expect(try JSONDecoder().decode(Outcome.self, from: Data(text.utf8)) == outcome)
        }
        #expect(try json(Teardown.leaked(["i-1"])) == #"{"leaked":["i-1"],"name":"leaked"}"#)
    }

    @Test func aWholeAttempt() throws {
        var state = Fixtures.attempt(of: JobID(rawValue: 41), nonce: "noncenon")
        state.phase = .creating
        state.outcome = .cancelled
        state.objects = [CreatedObject(kind: .instance, name: "mf-x", intendedAt: WallTime(rawValue: 5))]
        #expect(
            try json(state)
                == #"{"bootID":"boot-1","cancelRequested":false,"commandStarted":false,"delivery":"none","#
                + #""expiry":1700003600000,"identity":{"attempt":1,"installation":"abcdefgh","job":41,"#
                + #""nonce":"noncenon"},"number":1,"objects":[{"intendedAt":5,"kind":"instance","name":"mf-x","#
                + #""state":"intended"}],"outcome":{"name":"cancelled"},"phase":{"name":"creating"},"#
                + #""spans":[{"began":{"boot":60000,"wall":1700000000000},"phase":"queued"}],"#
                + #""teardown":{"name":"clean"},"version":1,"warnings":[]}"#)
    }

    @Test func anAttemptsAnchorAndTheCloudsTimes() throws {
        var object = CreatedObject(kind: .instance, name: "mf-x", intendedAt: WallTime(rawValue: 5))
        object.createdWithin = CloudTimeBounds(answeredAt: WallTime(rawValue: 9000), elapsed: .milliseconds(300))
        let text =
            #"{"createdWithin":{"earliest":8700,"latest":10000},"intendedAt":5,"kind":"instance","name":"mf-x","#
            + #""state":"intended"}"#
        #expect(try json(object) == text)
        #expect(try JSONDecoder().decode(CreatedObject.self, from: Data(text.utf8)) == object)

        var state = Fixtures.attempt(of: JobID(rawValue: 41), nonce: "noncenon")
        #expect(state.anchor == nil && state.witness == nil, "as in the records of older Mayflys")
        state.anchor = ""
        #expect(state.witness == nil, "nothing was sent")
        state.anchor = "key-1"
        let stored = try json(state)
        #expect(stored.hasPrefix(#"{"anchor":"key-1","bootID":"boot-1""#))
        #expect(try JSONDecoder().decode(AttemptState.self, from: Data(stored.utf8)) == state)
    }

    @Test func whatANewerMayflyWroteIsAnErrorNotATrap() {
        for text in [#"{"name":"dreaming"}"#, #"{"name":"booting"}"#, "{}", "[]", #"{"name":"running","port":"x"}"#] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(AttemptPhase.self, from: Data(text.utf8))
            }
        }
    }
}
