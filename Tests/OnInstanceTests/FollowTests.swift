import Foundation
import MayflyCore
import OnInstance
import Testing

@Suite(.timeLimit(.minutes(2)), .everyShell)
struct FollowTests {
    @Test func followsLiveAndEndsWithTheSeal() async throws {
        let instance = try await TestInstance()
        _ = try await instance.start(
            TestInstance.launch(.shell("echo one; until [ -e go ]; do sleep 0.01; done; echo two; echo err >&2")))
        let following = try instance.begin(instance.supervisor.follow(.run, stdoutOffset: 0, stderrOffset: 0))
        try await instance.eventually("the first line") { following.stdout == Array("one\n".utf8) }
        _ = FileManager.default.createFile(atPath: "\(instance.home)/work/go", contents: nil)
        let answer = try await following.end()
        #expect(answer.code == 0)
        #expect(answer.text == "one\ntwo\n")
        #expect(answer.errors == "err\n")
    }

    @Test func resumesInTheMiddleOfARun() async throws {
        let instance = try await TestInstance()
        _ = try await instance.start(
            TestInstance.launch(
                .shell("printf 0123456789; printf abc >&2; touch up; until [ -e go ]; do sleep 0.01; done; printf XY")))
        // Nobody asks for bytes beyond the log's end, which is written behind the command's back.
        try await instance.eventually("its output is in the log") {
            FileManager.default.contents(atPath: "\(instance.state)/run.out")?.count == 10
                && FileManager.default.contents(atPath: "\(instance.state)/run.err")?.count == 3
        }
        let following = try instance.begin(instance.supervisor.follow(.run, stdoutOffset: 4, stderrOffset: 3))
        try await instance.eventually("the rest") { following.stdout == Array("456789".utf8) }
        _ = FileManager.default.createFile(atPath: "\(instance.home)/work/go", contents: nil)
        let answer = try await following.end()
        #expect(answer.text == "456789XY")
        #expect(answer.errors.isEmpty)
    }

    @Test(arguments: [false, true])
    func startingAndFollowingIsOneRequest(polling: Bool) async throws {
        let instance = try await TestInstance()
        let path = polling ? try Self.pathWithoutGNUTail(instance) : nil
        let launch = TestInstance.launch(
            .shell("printf 0123; touch up; until [ -e go ]; do sleep 0.01; done; printf 45"))
        let first = try instance.begin(
            instance.supervisor.startAndFollow(.run, launch, stdoutOffset: 0, stderrOffset: 0), path: path)
        try await instance.eventually("its log") { first.stdout == Array("started\n0123".utf8) }
        first.hangUp()
        let second = try instance.begin(
            instance.supervisor.startAndFollow(.run, launch, stdoutOffset: 3, stderrOffset: 0), path: path)
        try await instance.eventually("the rest") { second.stdout == Array("already-started\n3".utf8) }
        _ = FileManager.default.createFile(atPath: "\(instance.home)/work/go", contents: nil)
        #expect(try await second.end().text == "already-started\n345")
        #expect(try await instance.sealed().result == .exited(0))
    }

    @Test func whatIsRefusedIsNotFollowed() async throws {
        let instance = try await TestInstance()
        _ = try await instance.run(instance.supervisor.stop(.run))
        let answer = try await instance.run(
            instance.supervisor.startAndFollow(
                .run, TestInstance.launch(.shell("touch ran")), stdoutOffset: 0, stderrOffset: 0))
        #expect(answer.text == "cannot-start it was stopped before it began\n")
        #expect(!instance.exists("\(instance.home)/work/ran"))
    }

    @Test(arguments: [false, true])
    func nothingIsCutAtTheEnd(polling: Bool) async throws {
        let instance = try await TestInstance()
        // Without GNU tail the follower polls; a folder of links hides tail behind a stranger.
        let path = polling ? try Self.pathWithoutGNUTail(instance) : nil
        _ = try await instance.start(
            TestInstance.launch(.shell("for i in $(seq 200); do head -c 10007 /dev/zero; done; echo end >&2")))
        let answer = try await instance.run(
            instance.supervisor.follow(.run, stdoutOffset: 0, stderrOffset: 0), path: path)
        #expect(answer.stdout.count == 200 * 10007)
        #expect(answer.errors == "end\n")
        #expect(try await instance.sealed().stdout?.bytes == 200 * 10007)
    }

    @Test func aLostConnectionLeavesNoFollower() async throws {
        let instance = try await TestInstance()
        _ = try await instance.start(TestInstance.launch(.shell("echo one; until [ -e go ]; do sleep 0.01; done")))
        let following = try instance.begin(instance.supervisor.follow(.run, stdoutOffset: 0, stderrOffset: 0))
        try await instance.eventually("the first line") { following.stdout == Array("one\n".utf8) }
        following.hangUp()
        try await instance.eventually("the follower ends") {
            !following.isRunning && instance.processes { $0.hasPrefix("tail\0") && $0.contains(instance.state) }.isEmpty
        }
        _ = FileManager.default.createFile(atPath: "\(instance.home)/work/go", contents: nil)
        #expect(try await instance.sealed().result == .exited(0))
    }

    @Test func aFollowerDoesNotPollAtTailsSecond() async throws {
        let instance = try await TestInstance()
        _ = try await instance.start(
            TestInstance.launch(
                .shell("until [ -e go ]; do sleep 0.01; done; for i in $(seq 20); do date +%s%N; sleep 0.05; done")))
        let following = try instance.begin(instance.supervisor.follow(.run, stdoutOffset: 0, stderrOffset: 0))
        _ = FileManager.default.createFile(atPath: "\(instance.home)/work/go", contents: nil)
        var delays: [Double] = []
        var seen = 0
        try await instance.eventually("twenty lines") {
            let lines = String(decoding: following.stdout, as: UTF8.self).split(separator: "\n")
            for line in lines.dropFirst(seen) where line.count == 19 {
                delays.append(Date().timeIntervalSince1970 - (Double(line) ?? 0) / 1e9)
                seen += 1
            }
            return seen == 20
        }
        _ = try await following.end()
        // How fast it is, a benchmark shows; a median of half a second would mean that tail polls.
        #expect(delays.sorted()[10] < 0.4)
    }

    @Test func beforeTheStartThereIsNothing() async throws {
        let instance = try await TestInstance()
        let answer = try await instance.run(instance.supervisor.follow(.run, stdoutOffset: 0, stderrOffset: 0))
        #expect(answer.code == 0)
        #expect(answer.stdout.isEmpty)
    }

    static func pathWithoutGNUTail(_ instance: TestInstance) throws -> String {
        let folder = "\(instance.root)/bin"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let script =
            "#!/bin/sh\n[ \"$1\" != --version ] || { echo 'tail of another make'; exit 0; }\nexec /usr/bin/tail \"$@\"\n"
        try Data(script.utf8).write(to: URL(fileURLWithPath: "\(folder)/tail"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/tail")
        return "\(folder):/usr/bin:/bin"
    }
}
