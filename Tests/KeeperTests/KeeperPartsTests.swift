import Foundation
import MayflyCore
import NIOCore
import NIOEmbedded
import Testing

@testable import Keeper

@Suite struct KeeperPartsTests {
    @Test func newsOfOneJobIsMergedWhileItsFollowerIsBusy() async throws {
        let hub = FollowerHub()
        let job = JobID(rawValue: 1)
        let (got, continuation) = AsyncStream.makeStream(of: FollowerHub.News.self)
        let (gate, opened) = AsyncStream.makeStream(of: Void.self)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var isFirst = true
                try await hub.follow([job]) { news in
                    continuation.yield(news)
                    if isFirst { for await _ in gate { break } }
                    isFirst = false
                }
            }
            while !hub.hasFollowers { await Task.yield() }
            hub.changed(job)
            var seen = got.makeAsyncIterator()
            #expect(await seen.next() == FollowerHub.News(kind: .changed, job: job))
            for _ in 0..<1000 { hub.logGrew(job) }
            hub.changed(JobID(rawValue: 2))
            hub.changed(job)
            opened.yield()
            #expect(await seen.next() == FollowerHub.News(kind: .logGrew, job: job))
            #expect(await seen.next() == FollowerHub.News(kind: .changed, job: job))
            group.cancelAll()
        }
        #expect(!hub.hasFollowers)
    }

    @Test func linesAreSplitHoweverTheyArrive() throws {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(LineDecoder()))
        for piece in ["{\"a\"", ":1}\n{}", "\n\n"] { try channel.writeInbound(ByteBuffer(string: piece)) }
        var lines: [String] = []
        while let line = try channel.readInbound(as: ByteBuffer.self) { lines.append(String(buffer: line)) }
        #expect(lines == ["{\"a\":1}", "{}", ""])
        _ = try channel.finish()
    }

    @Test func messagesSurviveTheWire() throws {
        let requests: [KeeperRequest] = [
            .hello(build: "b"), .wake, .status, .standDown, .follow(jobs: [JobID(rawValue: 3)]),
            .provide(
                tokens: [TokenGrant(endpoint: "e", token: "t\n\"")],
                secrets: [SecretGrant(job: JobID(rawValue: 1), values: [EnvironmentVariable(name: "A", value: "ä\n")])]),
        ]
        for request in requests {
            var line = try MessageLines.encode(request)
            #expect(line.readableBytesView.count { $0 == UInt8(ascii: "\n") } == 1)
            let length = line.readableBytes - 1
            let slice = line.readSlice(length: length)
            let text = try #require(slice)
            let decoded = try MessageLines.decode(KeeperRequest.self, from: text)
            #expect("\(decoded)" == "\(request)")
        }
    }

    @Test func aDeepHomeStillHasASocketPath() throws {
        let deep = NSTemporaryDirectory() + "mayfly-" + String(repeating: "d", count: 120)
        try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: deep) }
        let socket = try SocketPath(to: MayflyHome(root: deep).keeperSocket, in: MayflyHome(root: deep))
        #expect(socket.path.utf8.count < 108)
        #expect(throws: KeeperError.self) {
            let gone = MayflyHome(root: deep + "/gone")
            _ = try SocketPath(to: gone.keeperSocket, in: gone)
        }
    }

    @Test func onlyOneHoldsALock() async throws {
        let path = NSTemporaryDirectory() + "mayfly-lock-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            guard let first = try await FileLock.take(path, patience: .zero) else {
                Issue.record("a free lock was not to be had")
                return
            }
            if try await FileLock.take(path, patience: .milliseconds(30)) != nil { Issue.record("two hold one lock") }
            _ = consume first
        }
        if try await FileLock.take(path, patience: .zero) == nil { Issue.record("a lock outlived its holder") }
    }

    @Test func receiptsSpeakUTC() {
        #expect(KeeperMain.isoTime(WallTime(rawValue: 1_700_000_000_007)) == "2023-11-14T22:13:20.007Z")
    }
}
