import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// A running job's instance within reach: shell, ports, copies, outputs so far. None of it disturbs the job.
    @Suite struct Access {
        /// Prepares some files, says so, and ends when told.
        private static let spec = """
            outputs: [ckpt/]
            command: |
              mkdir -p ckpt "tree/deep/empty"; echo one > ckpt/a; ln -s a ckpt/last; ln -s /etc/passwd ckpt/evil
              head -c 3000000 /dev/urandom > big; sha256sum < big > big.sum; truncate -s 50M sparse
              echo odd > 'odd [1] näme'; chmod 750 'odd [1] näme'; touch -d @1000000000 'odd [1] näme'
              echo kept > "$MAYFLY_OUTPUTS/x"
              echo ready
              until [ -e go ]; do sleep 0.05; done
              echo over
            """

        private func with(_ body: (World, World.Command) async throws -> Void) async throws {
            try await World.with { world in
                let run = try await world.begin(Self.spec, until: "the command is ready") {
                    $0.stdoutSoFar.contains("ready")
                }
                try await body(world, run)
                #expect(try await world.mayfly("ssh", "last", "--", "touch work/go").code == 0)
                let answer = try await run.end()
                #expect(answer.code == 0 && answer.text == "ready\nover\n", "\(answer.stderr)")
                let late = try await world.mayfly("ssh", "last")
                #expect(late.code == 64 && late.stderr.contains("is over"), "\(late.stderr)")
            }
        }

        @Test func `a command over ssh`() async throws {
            try await with { world, _ in
                let shell = try await world.mayfly("ssh", "probe", "--", "cd work && cat ckpt/a | tr a-z A-Z; exit 3")
                #expect(shell.code == 3 && shell.text == "ONE\n", "\(shell.stderr)")
                let exact = try await world.mayfly("ssh", "1", "--", "cat", "work/odd [1] näme")
                #expect(exact.code == 0 && exact.text == "odd\n", "\(exact.stderr)")
                let hostname = try await world.mayfly("ssh", "1", "--", "hostname")
                let byInstance = try await world.mayfly(
                    "ssh", hostname.text.trimmingCharacters(in: .newlines), "--", "echo same")
                #expect(byInstance.text == "same\n", "\(byInstance.stderr)")
                #expect(try await world.mayfly("ssh-config", "--write").text.hasPrefix("Include "))
                let plain = try Child(
                    ["/usr/bin/ssh", "-F", "\(world.home)/ssh_config", "mayfly-probe", "echo via config > work/plain"],
                    in: world.folder, environment: world.environment, stdout: "/dev/null",
                    stderr: "\(world.folder)/ssh.err")
                #expect(await plain.end(within: .seconds(20)).code == 0, "\(Traces.text("\(world.folder)/ssh.err"))")
                // Another key under the pinned name: nothing is sent to who shows it.
                let config = Traces.text("\(world.home)/ssh_config")
                let hosts = config.split(separator: "\n").first { $0.contains("UserKnownHostsFile") }
                let path = try #require(hosts?.split(separator: " ").last.map(String.init))
                let before = Traces.text(path)
                #expect(before.contains(" ssh-ed25519 ") && before.split(separator: "\n").count == 1)
            }
        }

        @Test func `copies both ways`() async throws {
            try await with { world, _ in
                func cp(_ words: String..., code: Int32 = 0) async throws -> String {
                    let answer = try await world.mayfly(["cp"] + words)
                    #expect(answer.code == code, "\(words): \(answer.stderr)")
                    return answer.stderr
                }
                try world.write("in/keep", "")
                _ = try await cp("1:big", "last:big.sum", "in/")
                let sum = try Child(
                    ["/bin/sh", "-c", "sha256sum < in/big | cmp - in/big.sum"], in: world.folder,
                    environment: world.environment, stdout: "/dev/null", stderr: "/dev/null")
                #expect(await sum.end(within: .seconds(20)).code == 0, "the copy is exact")
                _ = try await cp("1:odd [1] näme", "in/renamed")
                let facts = try FileManager.default.attributesOfItem(atPath: "\(world.folder)/in/renamed")
                #expect((facts[.posixPermissions] as? Int) == 0o750)
                #expect((facts[.modificationDate] as? Date)?.timeIntervalSince1970 == 1_000_000_000)
                #expect(try await cp("1:ckpt", "in").contains("evil was skipped"))
                #expect(Traces.text("\(world.folder)/in/ckpt/last") == "one\n")
                #expect(!FileManager.default.fileExists(atPath: "\(world.folder)/in/ckpt/evil"))
                _ = try await cp("1:ckpt/last", "in/last")
                #expect(Traces.text("\(world.folder)/in/last") == "one\n")
                _ = try await cp("1:sparse", "in/")
                var status = stat()
                #expect(stat("\(world.folder)/in/sparse", &status) == 0 && status.st_size == 50 << 20)
                #expect(status.st_blocks < 100, "holes stay holes")
                #expect(try await cp("1:nothing", "in/", code: 246).contains("no such path"))
                #expect(try await cp("1:big", "nowhere/x", code: 64).contains("is no folder"))
                #expect(try await cp("in", "here", code: 64).contains("one side is a job's"))

                _ = try await cp("in", "1:back")
                _ = try await cp("in/last", "in/renamed", "1:two")
                #expect(try await cp("in/last", "1:/etc/x", code: 246).contains("Permission denied"))
                #expect(try await cp("in/ckpt", "1:big", code: 246).contains("is no folder and stays"))
                let there = try await world.mayfly(
                    "ssh", "1", "--",
                    "cd work && cmp back/big big && cat two/last 'two/renamed' && stat -c %a:%Y two/renamed && ls -A . | grep mayfly"
                )
                #expect(there.text == "one\nodd\n750:1000000000\n", "\(there.text)\(there.stderr)")
                let left = try FileManager.default.contentsOfDirectory(atPath: "\(world.folder)/in")
                #expect(!left.contains { $0.hasPrefix(".mayfly") }, "nothing half is left")
            }
        }

        @Test func `a big upload goes over several connections and arrives in order`() async throws {
            try await with { world, _ in
                let make = try Child(
                    ["/bin/sh", "-c", "head -c 40000001 /dev/urandom > many"], in: world.folder,
                    environment: world.environment, stdout: "/dev/null", stderr: "/dev/null")
                #expect(await make.end(within: .seconds(20)).code == 0)
                #expect(try await world.mayfly("cp", "many", "1:").code == 0)
                #expect(try await world.mayfly("cp", "1:many", "again").code == 0)
                let compared = try Child(
                    ["/usr/bin/cmp", "many", "again"], in: world.folder, environment: world.environment,
                    stdout: "/dev/null", stderr: "/dev/null")
                #expect(await compared.end(within: .seconds(20)).code == 0)
                let state = try await world.mayfly("ssh", "1", "--", "ls /var/lib/mayfly/*/ | grep -c stripe")
                #expect(state.text == "0\n")
            }
        }

        @Test func `outputs so far`() async throws {
            try await with { world, _ in
                let pulled = try await world.mayfly("pull")
                #expect(pulled.code == 0, "\(pulled.stderr)")
                #expect(world.text("pulled/ckpt/a") == "one\n" && world.text("pulled/x") == "kept\n")
                #expect(try await world.mayfly("pull", "--to", "mine", "--quiet").stderr.contains("evil"))
                #expect(Traces.text("\(world.folder)/mine/x") == "kept\n")
                #expect(try await world.mayfly("pull", "--to", "mine").code == 64, "what exists stays")
            }
        }

        @Test func `a port of the instance is one of this machine`() async throws {
            try await with { world, _ in
                let serve = "cd work; setsid python3 -m http.server 8123 --bind 127.0.0.1 </dev/null >/dev/null 2>&1 &"
                #expect(try await world.mayfly("ssh", "1", "--", serve).code == 0)
                let forward = try world.begin(["forward", "1", "0:8123"])
                var port: Substring?
                try await eventually("the port is told") {
                    port = forward.stderrSoFar.firstMatch(of: /127\.0\.0\.1:(\d+) is port 8123/)?.1
                    return port != nil
                }
                let number = port.map(String.init) ?? "0"
                try await eventually("the page comes") {
                    let curl = try world.begin(["-s", "http://127.0.0.1:\(number)/ckpt/a"], binary: "/usr/bin/curl")
                    return try await curl.end().text == "one\n"
                }
                let taken = try await world.mayfly("forward", "1", "\(number):8123")
                #expect(taken.code == 64 && taken.stderr.contains("name another"), "\(taken.stderr)")
                kill(forward.pid, SIGTERM)
                #expect(try await forward.end().code == 143)
            }
        }

        @Test func `by way of a jump host`() async throws {
            try await World.with { world in
                let hand = try await HandMade(in: world)
                let (address, port) = try await hand.bastion()
                let jump = try await hand.jump(by: address, port)
                let run = try await world.begin(
                    "\(jump)\ncommand: 'echo from ${SSH_CONNECTION%% *}; until [ -e go ]; do sleep 0.05; done'",
                    until: "the command runs"
                ) { $0.stdoutSoFar.contains("from") }
                let shell = try await world.mayfly("ssh", "1", "--", "echo ok; touch work/it")
                #expect(shell.code == 0 && shell.text == "ok\n", "\(shell.stderr)")
                let copy = try await world.mayfly("cp", "1:it", "it")
                #expect(copy.code == 0, "\(copy.stderr)")
                try world.write("go", "")
                #expect(try await world.mayfly("cp", "go", "1:go").code == 0)
                let answer = try await run.end()
                #expect(answer.code == 0, "\(answer.stderr)")
                try await hand.type("instance", "rm", "bastion", "-y", "--wait")
                try await hand.type("ssh-key", "rm", "laptop", "-y")

                try world.write("bad.yaml", "\(World.machine)\nssh: {jump: nobody}\ncommand: echo never\n")
                let bad = try await world.mayfly("check", "bad.yaml")
                #expect(
                    bad.code == 64 && bad.stderr.contains("bad.yaml:2:13: `ssh.jump` must be user@host"),
                    "\(bad.stderr)")
            }
        }
    }
}
