import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// `attach`: watching from any terminal, and results that go to another folder.
    @Suite struct Deliveries {
        private func letGo(_ world: World) async throws {
            _ = try await world.mayfly("ssh", "1", "--", "touch ~/go")
        }

        /// Runs until it is let go.
        private static let patient = """
            command: |
              echo working
              echo made > "$MAYFLY_OUTPUTS/made"
              until [ -e ~/go ] || [ "$SECONDS" -ge 50 ]; do sleep 0.1; done
              echo worked
            """

        private func begun(_ world: World) async throws {
            let submitted = try await world.run(Self.patient, named: "job", "-d")
            #expect(submitted.code == 0, "\(submitted.stderr)")
            try await eventually("the job runs") { world.text("stdout.log") == "working\n" }
        }

        private func text(_ world: World, _ path: String) -> String { Traces.text("\(world.folder)/\(path)") }

        @Test func `a finished job's results are copied, never over anything`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    "command: 'echo out; echo made > $MAYFLY_OUTPUTS/made; ln -s made $MAYFLY_OUTPUTS/link'",
                    named: "job")
                #expect(answer.code == 0, "\(answer.stderr)")
                let copied = try await world.mayfly("attach", "1", "--results", "copies")
                #expect(copied.code == 0 && copied.text == "out\n", "\(copied.stderr)")
                #expect(copied.stderr.contains("copied to \(world.folder)/copies/job-1"), "\(copied.stderr)")
                for path in ["stdout.log", "outputs/made", "outputs/link", "receipt.json"] {
                    #expect(text(world, "copies/job-1/\(path)") == world.text(path), "\(path)")
                }
                let again = try await world.mayfly("attach", "1", "--results", "copies")
                #expect(again.code == 64 && again.stderr.contains("is not overwritten"), "\(again.stderr)")
                // What is no longer what the instance sealed is not passed on as if it were.
                try world.write("results/job-1/stdout.log", "oops\n")
                let changed = try await world.mayfly("attach", "1", "--results", "others")
                #expect(changed.code == 246, "\(changed.stderr)")
                #expect(changed.stderr.contains("is not what its instance sealed"), "\(changed.stderr)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: "\(world.folder)/others") == [])
            }
        }

        @Test func `another home's results in the same folder stay what they are`() async throws {
            try await World.with { world in
                let first = try await world.run("command: echo first", named: "job")
                #expect(first.code == 0, "\(first.stderr)")
                let receipt = world.text("receipt.json", of: "job-1")
                // As when the home was removed, or is another user's.
                let other = ["MAYFLY_HOME": "\(world.folder)/other"]
                let second = try await world.mayfly("run", "job.yaml", "--cloud", "local", environment: other)
                #expect(second.code == 0 && second.text == "first\n", "\(second.stderr)")
                #expect(second.stderr.contains("job 2 (job)"), "\(second.stderr)")
                #expect(world.text("stdout.log", of: "job-1") == "first\n")
                #expect(world.text("receipt.json", of: "job-1") == receipt)
                #expect(world.text("stdout.log", of: "job-2") == "first\n")
                _ = try await world.mayfly("cloud", "stop", environment: other)
                _ = try await world.mayfly("keeper", "stop", environment: other)
            }
        }

        @Test func `an unfinished job's results are copied after its end, and TERM only ends the watching`()
            async throws
        {
            try await World.with { world in
                try await begun(world)
                let watcher = try world.begin(["attach", "1", "--results", "copies"])
                try await eventually("the watcher sees it") { watcher.stdoutSoFar == "working\n" }
                kill(watcher.pid, SIGTERM)
                let left = try await watcher.end()
                #expect(left.code == 247, "\(left.stderr)")
                #expect(left.stderr.contains("not copied") && !left.stderr.contains("cancelling"), "\(left.stderr)")
                #expect(try await world.mayfly("ls").text.contains("running"))

                let second = try world.begin(["attach", "1", "--from", "end", "--results", "copies"])
                try await eventually("the second watcher follows") { second.stderrSoFar.contains("running") }
                try await letGo(world)
                let answer = try await second.end()
                #expect(answer.code == 0 && answer.text == "worked\n", "\(answer.stderr)")
                #expect(text(world, "copies/job-1/stdout.log") == "working\nworked\n")
                #expect(text(world, "copies/job-1/outputs/made") == "made\n")
                #expect(world.text("outputs/made") == "made\n")
            }
        }

        @Test func `a results folder that vanished: all of it comes to another one`() async throws {
            try await World.with { world in
                try await begun(world)
                try FileManager.default.removeItem(atPath: world.results)
                let watcher = try world.begin(["attach", "1", "--results", "elsewhere"])
                try await eventually("it is told") {
                    watcher.stderrSoFar.contains("delivers to \(world.folder)/elsewhere/job-1 from now on")
                }
                try await letGo(world)
                let answer = try await watcher.end()
                #expect(answer.code == 0 && answer.text == "working\nworked\n", "\(answer.stderr)")
                #expect(text(world, "elsewhere/job-1/stdout.log") == "working\nworked\n")
                #expect(text(world, "elsewhere/job-1/outputs/made") == "made\n")
                #expect(text(world, "elsewhere/job-1/receipt.json").contains("succeeded"))
                #expect(!FileManager.default.fileExists(atPath: world.results), "nothing is made in the old place")
                #expect(try await world.mayfly("logs", "1").text == "working\nworked\n")
            }
        }

        @Test func `a results folder that vanished unnoticed is filled again from the instance`() async throws {
            try await World.with { world in
                try await begun(world)
                try FileManager.default.removeItem(atPath: world.results)
                try await letGo(world)
                let answer = try await world.mayfly("attach", "1")
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(world.text("stdout.log") == "working\nworked\n")
                #expect(world.text("outputs/made") == "made\n")
            }
        }

        @Test func `a job that waits for its results folder gets another one`() async throws {
            try await World.with { world in
                let submitted = try await world.beginWithFolderInTheWay("-d").end()
                #expect(submitted.code == 0, "\(submitted.stderr)")
                try await eventually("the wait is told") {
                    try await world.mayfly("ls").text.contains("the results folder cannot be made")
                }
                let answer = try await world.mayfly("attach", "2", "--results", "elsewhere")
                #expect(answer.code == 0 && answer.text == "done\n", "\(answer.stderr)")
                #expect(text(world, "elsewhere/second-2/stdout.log") == "done\n")
            }
        }
    }
}
