import Foundation
import JobSpec
import MayflyCore
import Testing

@Suite struct SpecProblemsTests {
    @Test func everyProblemIsReportedAtOnceWhereItStands() {
        let text = """
            nam: train
            type: vcpu-2_memory-4g_disk-80
            region: NORD-NO-KRS1
            disk_size: 010
            command: [true, {a: b}]
            command: again
            env:
              1A: x
              OK: no
              MAYFLY_X: y
            secrets:
              TOKEN: hunter2
            snapshot: yes
            timeouts:
              runn: 1h
              run: 90
              setup: 1h1d
              total: 0s
            ssh: {port: 70000, pty: yes, host_key: accept_new}
            nodes: 4
            """
        #expect(
            problems(text) == [
                "job.yaml:1:1: unknown key `nam`: did you mean `name`?",
                "job.yaml:2:7: unknown instance type `vcpu-2_memory-4g_disk-80`: did you mean"
                    + " `vcpu-2_memory-4g_disk-80g`?",
                "job.yaml:3:9: unknown region `NORD-NO-KRS1`: did you mean `NORD-NO-KRS-1`?",
                "job.yaml:4:12: `disk_size` must be written without leading zeros: `010` could mean `10` or an"
                    + " octal number",
                "job.yaml:5:17: an entry of `command` must be a single value, not a mapping",
                "job.yaml:6:1: `command` is already given on line 5",
                "job.yaml:8:3: a key of `env` must be a variable name of letters, digits and `_`, not `1A`",
                "job.yaml:10:3: `MAYFLY_X`: names that begin with `MAYFLY_` are set by Mayfly itself; choose another",
                "job.yaml:12:10: the secret `TOKEN` must say where its value comes from, never the value itself:"
                    + " `{env: NAME}`, `{file: path}` or `{command: …}`",
                "job.yaml:13:11: `snapshot` must name a case, not `yes`: did you mean `always`?",
                "job.yaml:15:3: unknown key `runn` in `timeouts`: did you mean `run`?",
                "job.yaml:16:8: `timeouts.run`: `90` has no unit: did you mean `90s` or `90m`?",
                "job.yaml:17:10: `timeouts.setup`: `1h1d`: units go from large to small, each once, as in 1d2h30m",
                "job.yaml:18:10: `timeouts.total`: `0s` is no time at all; write at least 1s",
                "job.yaml:19:13: `ssh.port` must be between 1 and 65535, not `70000`",
                "job.yaml:19:25: `ssh.pty` must be `true` or `false`, not `yes`: did you mean `true`?",
                "job.yaml:19:40: `ssh.host_key` must be `pinned` or `accept-new`, not `accept_new`: did you mean"
                    + " `accept-new`?",
                "job.yaml:20:1: `nodes` is reserved: a job has one instance, several are not supported yet;"
                    + " submit one job per machine",
            ])
    }

    @Test(arguments: [
        ("retry: 3", "`retry` must be a mapping, not `3`: did you mean `retry: {attempts: 3}`?"),
        ("retry: {attempts: 0}", "`retry.attempts` must be between 1 and 100, not `0`"),
        ("retry: {exit_codes: [0]}", "an entry of `retry.exit_codes` must be between 1 and 255, not `0`"),
        ("retry: {exit_codes: 75}", "`retry.exit_codes` must be a list, `[a, b]` or `- a` lines, not a single value"),
        ("retry: {on: [capacity]}", "unknown key `on` in `retry`: did you mean `when`?"),
        ("retry: {backof: 1m}", "unknown key `backof` in `retry`: did you mean `backoff`?"),
        ("retries: {}", "unknown key `retries`: did you mean `retry`?"),
        ("retry: {when: [capasity]}", "did you mean `capacity`?"),
        ("retry: {when: [no-capacity]}", "did you mean `capacity`?"),
        ("retry: {when: [error]}", "did you mean `user`?"),
        (
            "retry: {when: [disk]}",
            "must be `capacity`, `cloud`, `connection`, `setup`, `user`, `gpu` or `lost`, not `disk`"
        ),
        ("retry: {when: [xid]}", "did you mean `gpu`?"),
        ("log_limit: 2", "`log_limit`: `2` has no unit: did you mean `2MiB` or `2GiB`?"),
        ("log_limit: 2G", "`log_limit`: `2G` is not understood: did you mean `2GiB`?"),
        ("log_limit: 2 gb", "`log_limit`: `2 gb` is not understood: did you mean `2GiB`?"),
        ("log_limit: 0MiB", "`log_limit`: `0MiB` is no size at all; write at least 1KiB"),
        ("log_limit: 010MiB", "`log_limit`: `010MiB` is not understood: expected a size such as 512MiB or 2GiB"),
        ("log_limit: big", "`log_limit`: `big` is not understood: expected a size such as 512MiB or 2GiB"),
        ("log_limit: 9999999TiB", "`log_limit`: `9999999TiB` is more than 1024TiB"),
        ("log_limit: [1MiB]", "`log_limit` must be a single value"),
        ("max_log_size: 1MiB", "unknown key `max_log_size`: did you mean `log_limit`?"),
        ("on_failure: 20m", "`on_failure` must be `hold 20m` or `{hold: 20m}`, not `20m`: did you mean `hold 20m`?"),
        ("on_failure: hold", "`on_failure` must be `hold 20m` or `{hold: 20m}`, not `hold`"),
        ("on_failure: hold 20", "`on_failure`: `20` has no unit: did you mean `20s` or `20m`?"),
        ("on_failure: {hold: 20}", "`on_failure.hold`: `20` has no unit: did you mean `20s` or `20m`?"),
        ("on_failure: {holt: 20m}", "unknown key `holt` in `on_failure`: did you mean `hold`?"),
        ("on_collect_failure: snapshoot", "did you mean `snapshot`?"),
        ("on_collect_failure: hold:6h", "did you mean `hold 6h`?"),
        ("on_collect_failure: {hold: none}", "`on_collect_failure.hold` always has a limit"),
    ])
    func retriesAndHolds(_ text: String, _ problem: String) {
        let found = problems(minimal + text + "\n")
        #expect(found.count == 1 && found[0].contains(problem), "\(found)")
    }

    @Test func jumpHosts() throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "mayfly-jump-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["key", "known"] { try Data().write(to: folder.appending(path: name)) }
        let (key, known) = ("\(folder.path)/key", "\(folder.path)/known")
        func found(_ jump: String) -> [String] {
            problems("type: vcpu-2_memory-4g_disk-80g\ncommand: x\nssh:\n  jump: \(jump)\n")
        }
        #expect(found("{host: b.example, user: me, port: 2200, key: \(key), known_hosts: \(known)}").isEmpty)
        #expect(found("b.example") == ["job.yaml:4:9: `ssh.jump` must be user@host or user@host:port, not `b.example`"])
        #expect(found("me@b:0").count == 1 && found("me@b:x").count == 1 && found("[a]").count == 1)
        #expect(found("{host: b}") == ["job.yaml:4:9: `ssh.jump` needs `host` and `user`"])
        #expect(
            found("{host: b, user: me, hots: c, key: \(key), known_hosts: \(known)}").first?.contains("did you mean")
                == true)
        #expect(
            found("{host: b, user: me, key: /none, known_hosts: \(known)}").first?.contains("no readable key") == true)
        #expect(found("{host: b, user: me, key: \(key), known_hosts: /none}").first?.contains("log in once") == true)
    }

    @Test func whatIsMissingIsNamed() {
        for text in ["", "# nothing\n", "{}"] {
            let found = problems(text)
            #expect(found.count == 2)
            #expect(found.allSatisfy { $0.hasPrefix("job.yaml:1:1: `") && $0.contains("is missing") })
        }
        #expect(problems("- a\n") == ["job.yaml:1:1: the spec must be a mapping of `key: value` lines, not a list"])
        #expect(problems("type:\ncommand:\n").count == 2)
        #expect(problems(minimal + "setup:\n")[0].contains("`setup` has no value"))
        #expect(problems("type: [a\n").count == 1)
    }

    @Test(arguments: [
        ("cmd: x", "`command`"), ("environment: {}", "`env`"), ("gpu: a", "`type`"), ("timeout: 3h", "`timeouts`"),
        ("start-up_script: x", "`startup_script`"), ("Labels: {}", "`labels`"), ("ouputs: []", "`outputs`"),
        ("instance: {security_group: []}", "`security_groups`"), ("disk-size: 100", "`disk_size`"),
    ])
    func unknownKeysGetSuggestions(_ line: String, _ suggestion: String) {
        let found = problems(minimal + line + "\n")
        #expect(found.count == 1 && found[0].contains("did you mean \(suggestion)?"), "\(found)")
    }

    @Test func farKeysListWhatIsKnown() {
        #expect(problems(minimal + "zzzzzz: 1\n")[0].hasSuffix("`ssh` or `instance`"))
        #expect(problems(minimal + "ssh: {labels: 1}\n")[0].contains("stands at the top level"))
    }

    @Test func machinesNearKnownOnesAreSlipsAndOthersAreTheCloudsToJudge() throws {
        func type(_ type: String) throws -> ParsedSpec { try parse("type: \(type)\ncommand: x\n") }
        #expect(try type("vcpu-4_memory-12g_disk-80g_nvidia3080-1").warnings.isEmpty)
        #expect(try type("vcpu-4_memory-24g_nvidia-rtx-3090-1").warnings.isEmpty)
        #expect(try type("vcpu-96_memory-960g_nvidia-h100-sxm5-4").warnings.count == 1)
        #expect(try type("vcpu-192_memory-1920g_nvidia-h200-sxm5-8").warnings.count == 1)
        for slip in ["vcpu-2_memory-4g_disk-80gb", "vcpu_2_memory-4g_disk-80g", "vcpu-3_memory-4g_disk-80g"] {
            #expect(problems("type: \(slip)\ncommand: x\n").count == 1, "\(slip)")
        }
        #expect(try parse(minimal + "region: MARS-OL-1\n").warnings.count == 1)
        #expect(problems(minimal + "region: nord-no-krs-1\n")[0].contains("did you mean `NORD-NO-KRS-1`?"))
        #expect(problems(minimal + "region: a b\n").count == 1)
    }

    @Test func secretsAreNeverRepeated() {
        let text = minimal + "secrets:\n  A: s3cr3t\n  B: {env: s3cr3t!}\n  C: {env: X, file: s3cr3t}\n  D: [s3cr3t]\n"
        let found = problems(text)
        #expect(found.count == 4)
        #expect(!found.joined().contains("s3cr3t"))
        #expect(!problems(minimal + "secrets: [s3cr3t!]\n").joined().contains("s3cr3t"))
        #expect(!problems(minimal, environment: [.init(name: "1", value: "s3cr3t")]).joined().contains("s3cr3t"))
    }

    @Test func messagesStayOneHarmlessLine() {
        let found = problems(
            minimal + "\"a\\e[2Jb\\nc\": 1\nname: \"\\e]0;x\\a\"\nregion: \"\(String(repeating: "x", count: 5000))\"\n")
        #expect(found.count == 3)
        #expect(found.allSatisfy { $0.count < 300 && !$0.unicodeScalars.contains { $0.value < 32 } })
    }

    @Test func garbageNeverTraps() {
        let seeds = [
            SpecTemplate.pytorch.text, SpecTemplate.hello.text, minimal + "timeouts: {run: 1h}\nssh: {port: 1}",
        ]
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let spice = Array("\n:-[]{}#&*!|>'\" 9é\u{1F600}".unicodeScalars)
        for round in 0..<300 {
            var scalars = Array(seeds[round % seeds.count].unicodeScalars)
            for _ in 0...next(8) { scalars[next(scalars.count)] = spice[next(spice.count)] }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            _ = problems(String(view))
        }
        for value in [
            "99999999999999999999", "-1", "٣", "1e3", "0x50", "1d1d", "999999999d", "1:2:3", "99:99:99", ":::",
        ] {
            #expect(!problems(minimal + "disk_size: '\(value)'\n").isEmpty)
            #expect(!problems(minimal + "timeouts: {run: '\(value)'}\n").isEmpty)
        }
        #expect(problems(String(repeating: "x", count: 2 << 20))[0].contains("too large"))
    }
}
