import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// What a user's own machine can get wrong while a job runs: nothing is lost, and the words name the next step.
    @Suite struct Hindrances {
        /// A small file system of the world's own, unmounted with the body's end.
        private func withSmallDisk(
            _ world: World, at path: String, size: String, _ body: () async throws -> Void
        ) async throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try await tool(world, "mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", path)
            do {
                try await body()
            } catch {
                Issue.record(error)
            }
            // Background processes of the world may still be on their way out.
            try await eventually("\(path) is unmounted") { umount2(path, 0) == 0 }
        }

        private func tool(_ world: World, _ words: String...) async throws {
            let output = "\(world.folder)/user/tool.out"
            let child = try Child(
                ["/usr/bin/env"] + words, in: world.folder, environment: world.environment, stdout: output,
                stderr: output)
            let code = await child.end(within: .seconds(20)).code
            try #require(code == 0, "\(words): \(Traces.text(output))")
        }

        @Test(.enabled(if: getuid() == 0, "mounts a small file system"))
        func `a full disk under the results folder holds the job until there is room`() async throws {
            try await World.with { world in
                try await withSmallDisk(world, at: world.results, size: "1m") {
                    let command = try await world.begin(
                        "command: head -c 3000000 /dev/zero | tr '\\0' x; echo; echo done", until: "the disk is full"
                    ) {
                        $0.stderrSoFar.contains("the results folder cannot be written")
                    }
                    #expect(command.stderrSoFar.contains("No space left on device"), "\(command.stderrSoFar)")
                    try await tool(world, "mount", "-o", "remount,size=64m", world.results)
                    let answer = try await command.end()
                    #expect(answer.code == 0, "\(answer.stderr)")
                    #expect(answer.stdout.count == 3_000_006)
                    #expect(world.result("stdout.log") == answer.stdout)
                    #expect(try world.receipt()["delivery"] as? String == "complete")
                }
            }
        }

        @Test(.enabled(if: getuid() == 0, "mounts a small file system"))
        func `a full disk under the home leaks nothing`() async throws {
            try await World.with { world in
                // Everything is on record here before it happens; without room nothing may.
                try await withSmallDisk(world, at: world.home, size: "48m") {
                    let first = try await world.run("command: echo first")
                    #expect(first.code == 0, "\(first.stderr)")
                    let filler = "\(world.home)/filler"
                    let command = try await world.begin(
                        "command: 'echo working; sleep 3; echo worked'", until: "the command's output"
                    ) { $0.stdoutSoFar == "working\n" }
                    let descriptor = open(filler, O_WRONLY | O_CREAT | O_APPEND, 0o600)
                    let page = [UInt8](repeating: 1, count: 4096)
                    while write(descriptor, page, page.count) > 0 {}
                    close(descriptor)
                    try await eventually("the command is over") { command.stdoutSoFar == "working\nworked\n" }
                    unlink(filler)
                    let answer = try await command.end()
                    #expect(answer.code == 0, "\(answer.stderr)")
                    #expect(answer.stderr.contains("gone from GET and list at"), "\(answer.stderr)")
                    _ = try await world.mayfly("keeper", "stop")
                    _ = try await world.mayfly("cloud", "stop", "--force")
                }
            }
        }

        @Test func `a results folder that cannot be made is said, and made when it can`() async throws {
            try await World.with { world in
                let command = try await world.beginWithFolderInTheWay()
                try await eventually("the wait is told") {
                    command.stderrSoFar.contains("the results folder cannot be made")
                }
                #expect(command.stderrSoFar.contains("\(world.results)/second-2"), "\(command.stderrSoFar)")
                unlink("\(world.results)/second-2")
                let answer = try await command.end()
                #expect(answer.code == 0 && answer.text.contains("done\n"), "\(answer.stderr)")
                #expect(world.text("stdout.log", of: "second-2") == "done\n")
            }
        }

        @Test func `a command is stopped although its results have no place`() async throws {
            try await World.with { world in
                let spec = """
                    command: |
                      trap 'touch ~/told; exit 3' TERM
                      while :; do echo on; sleep 0.1; done
                    """
                let submitted = try await world.run(spec, named: "job", "-d")
                #expect(submitted.code == 0, "\(submitted.stderr)")
                try await eventually("the job runs") { world.text("stdout.log")?.hasPrefix("on\n") == true }
                let folder = "\(world.results)/job-1"
                try FileManager.default.removeItem(atPath: folder)
                try world.write("results/job-1", "a file is in the way\n")
                try await eventually("the wait is told") {
                    try await world.mayfly("ls").text.contains("the results folder cannot be")
                }
                let cancelled = try await world.mayfly("cancel", "1")
                #expect(cancelled.code == 0, "\(cancelled.stderr)")
                try await eventually("the command is told") {
                    try await world.mayfly("ssh", "1", "--", "ls ~/told").code == 0
                }
                unlink(folder)
                let answer = try await world.mayfly("attach", "1")
                #expect(answer.code == 245, "\(answer.stderr)")
            }
        }

        @Test func `nothing is submitted whose results have no place`() async throws {
            try await World.with { world in
                try world.write("results", "a file is in the way\n")
                let answer = try await world.run("command: echo done")
                #expect(answer.code == 64, "\(answer.stderr)")
                #expect(answer.stderr.contains("\(world.results) is a file"), "\(answer.stderr)")
                #expect(answer.stderr.contains("nothing was submitted"), "\(answer.stderr)")
                #expect(try await world.mayfly("ls", "-a").text.contains("probe") == false)
            }
        }

        @Test func `a keeper that is stopped is named, and killing it loses nothing`() async throws {
            try await World.with { world in
                let submitted = try await world.run("command: 'echo working; sleep 1; echo worked'", named: "job", "-d")
                #expect(submitted.code == 0, "\(submitted.stderr)")
                try await eventually("the job runs") { world.text("stdout.log") == "working\n" }
                let keeper = try #require(world.keeperProcess)
                kill(keeper, SIGSTOP)
                let refused = try await world.mayfly("run", "job.yaml", "--cloud", "local")
                #expect(refused.code != 0)
                #expect(refused.stderr.contains("the keeper (process \(keeper)) does not answer"), "\(refused.stderr)")
                kill(keeper, SIGKILL)
                let attached = try await world.mayfly("attach", "1")
                #expect(attached.code == 0 && attached.text == "working\nworked\n", "\(attached.stderr)")
            }
        }
    }
}
