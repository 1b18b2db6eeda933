import Foundation
import GenesisCloud
import Testing

@Suite(.timeLimit(.minutes(1))) struct WaitingTests {
    private func instance(_ status: String, address: Bool = true) -> ScriptedServer.Reply {
        var json = Samples.instance("i").replacingOccurrences(of: "\"active\"", with: "\"\(status)\"")
        if !address { json = json.replacingOccurrences(of: "\"198.51.100.127\"", with: "null") }
        return .json(200, "{\"instance\": \(json)}")
    }

    private func wait(
        _ replies: [ScriptedServer.Reply], timeout: Duration = .seconds(60),
        _ body: @escaping (GenesisCloudClient) async throws -> Void
    ) async throws -> (error: GenesisCloudError?, requests: Int, pauses: [Duration]) {
        let time = InstantTime()
        return try await ScriptedServer.run { request in
            replies[min(request.number, replies.count) - 1]
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port, time: time) {
                $0.retry.maximumAttempts = 1
                $0.polling = .init(firstPause: .seconds(1), longestPause: .seconds(2))
            }
            do {
                try await body(client)
                return (nil, server.requests.count, time.pauses)
            } catch let error as GenesisCloudError {
                return (error, server.requests.count, time.pauses)
            }
        }
    }

    @Test func activeIsNotEnough() async throws {
        let result = try await wait([
            instance("creating", address: false), instance("creating"), instance("active", address: false),
            instance("active"),
        ]) {
            let instance = try await $0.waitUntilReachable("i")
            #expect(instance.publicIP == "198.51.100.127")
        }
        #expect(result.error == nil)
        #expect(result.requests == 4)
        #expect(result.pauses == [.seconds(1), .seconds(1.5), .seconds(2)])
    }

    @Test(arguments: ["error", "stopping", "stopped", "deleting"])
    func aDeadEndEndsIt(_ status: String) async throws {
        let result = try await wait([instance("creating"), instance(status)]) {
            _ = try await $0.waitUntilReachable("i")
        }
        #expect(result.error?.code == .unreachableState)
        #expect(result.error?.message.contains(status) == true)
    }

    @Test func anUnknownStatusIsWaitedOut() async throws {
        let result = try await wait([instance("copying"), instance("active")]) {
            _ = try await $0.waitUntilReachable("i")
        }
        #expect(result.error == nil)
    }

    @Test func whatPassesIsWaitedOutAndWhatDoesNotIsThrown() async throws {
        let fine = try await wait([.json(503, "<html>"), .hangUp, .json(429, "{}"), instance("active")]) {
            _ = try await $0.waitUntilReachable("i")
        }
        #expect(fine.error == nil && fine.requests == 4)
        let refused = try await wait([.json(401, "{}")]) { _ = try await $0.waitUntilReachable("i") }
        #expect(refused.error?.code == .unauthorized && refused.requests == 1)
    }

    @Test func aMomentaryAbsenceIsNoEnd() async throws {
        let fine = try await wait([.json(404, "{}"), .json(404, "{}"), instance("active")]) {
            _ = try await $0.waitUntilReachable("i")
        }
        #expect(fine.error == nil)
        let gone = try await wait([.json(404, "{}")]) { _ = try await $0.waitUntilReachable("i") }
        #expect(gone.error?.code == .notFound && gone.requests == 3)
    }

    @Test func timeIsUpAtTheDeadline() async throws {
        let result = try await wait([instance("creating")], timeout: .seconds(4)) {
            _ = try await $0.waitUntilReachable("i", timeout: .seconds(4))
        }
        #expect(result.error?.code == .timeout)
        #expect(result.error?.message.contains("creating") == true)
        #expect(result.pauses.reduce(.zero, +) == .seconds(4))
    }

    @Test func goneIsA404() async throws {
        let result = try await wait([instance("active"), instance("deleting"), .json(404, "{}")]) {
            try await $0.waitUntilGone("i")
        }
        #expect(result.error == nil && result.requests == 3)
    }

    @Test func snapshotsAndTheirEnds() async throws {
        func snapshot(_ status: String) -> ScriptedServer.Reply {
            .json(200, #"{"snapshot": {"id": "s", "name": "n", "status": "\#(status)", "size": 80}}"#)
        }
        let fine = try await wait([snapshot("creating"), snapshot("created")]) {
            let ready = try await $0.waitUntilCreated(Snapshot.ID("s"))
            #expect(ready.sizeGiB == 80)
        }
        #expect(fine.error == nil)
        let failed = try await wait([snapshot("creating"), snapshot("error")]) {
            _ = try await $0.waitUntilCreated(Snapshot.ID("s"))
        }
        #expect(failed.error?.code == .unreachableState)
    }

    @Test func absenceNeedsThreeWitnesses() async throws {
        let none = ScriptedServer.Reply.json(404, "{}")
        let empty = ScriptedServer.Reply.json(200, Samples.page([], total: 0))
        func keys(_ ids: [String]) -> ScriptedServer.Reply {
            let items = ids.map { #"{"id": "\#($0)", "name": "n"}"# }.joined(separator: ",")
            return .json(200, #"{"ssh_keys": [\#(items)], "total_count": \#(ids.count)}"#)
        }
        for (replies, expected) in [
            ([none, empty, keys(["other", "anchor"])], InstanceAbsence.gone),
            ([none, empty, keys(["other"])], .anchorNotSeen),
            ([none, empty, keys([])], .anchorNotSeen),
        ] as [([ScriptedServer.Reply], InstanceAbsence)] {
            _ = try await wait(replies) {
                let absence = try await $0.absence(of: "i", anchor: "anchor")
                #expect(absence == expected)
            }
        }
        _ = try await wait([none, .json(200, Samples.page(["i"], total: 1))]) {
            guard case .listed = try await $0.absence(of: "i", anchor: "anchor") else {
                Issue.record("a listed instance was called absent")
                return
            }
        }
        for broken in [ScriptedServer.Reply.json(500, "{}"), .json(200, "{}"), .hangUp] {
            let result = try await wait([none, broken]) { _ = try await $0.absence(of: "i", anchor: "anchor") }
            #expect(result.error != nil, "a failed listing proves nothing")
        }
        let withoutAnchor = try await wait([none, empty]) {
            let absence = try await $0.absence(of: "i", anchor: nil)
            #expect(absence == .anchorNotSeen)
        }
        #expect(withoutAnchor.requests == 2)
    }
}
