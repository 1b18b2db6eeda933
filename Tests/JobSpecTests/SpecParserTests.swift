import Foundation
import JobSpec
import MayflyCore
import Testing

@Suite struct SpecParserTests {
    @Test func everyFieldArrives() throws {
        try withFolder { folder in
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("code"), withIntermediateDirectories: true)
            try Data("#cloud-config\npackages: [git]\n".utf8).write(to: folder.appendingPathComponent("boot.yaml"))
            let spec = try parse(
                """
                name: full-1.0_x
                labels: {team: a b, n: 007}
                type: vcpu-4_memory-12g_disk-80g_nvidia3080-1
                image: "ubuntu:22.04"
                region: ARC-IS-HAF-1
                disk_size: 128
                startup_script: {file: boot.yaml}
                workdir: ./code
                setup: |
                  a
                  b
                command: [python, -c, "", 1e-4]
                env: {B: 1, A: 2}
                secrets: {T: , U: {env: V}, F: {file: key.txt}, C: {command: pass show x}}
                outputs: [o/, ../../etc/hostname, /etc/shadow]
                log_limit: 2GiB
                snapshot: {when: on_failure, name: wreck}
                on_failure: {hold: 20m}
                on_collect_failure: hold 6h
                retry: {attempts: 5, when: [capacity, user], exit_codes: [75, 137], backoff: 1m}
                timeouts: {queue: 1d, provision: 90s, setup: 2h30m, run: "12:30:00", collect: 5m, snapshot: 1h, total: none}
                ssh: {user: root, port: 2222, host_key: accept-new, pty: true}
                instance: {security_groups: [], volumes: [v1], floating_ip: f, placement_option: AUTO}
                """, directory: folder.path)
            let expected = JobDefinition(
                name: "full-1.0_x", labels: ["team": "a b", "n": "007"],
                machine: MachineRequest(
                    type: "vcpu-4_memory-12g_disk-80g_nvidia3080-1", image: "ubuntu:22.04", region: "ARC-IS-HAF-1",
                    diskSizeGiB: 128, securityGroups: [], volumes: ["v1"], floatingIP: "f", placementOption: "AUTO"),
                startupScript: StartupScript(text: "#cloud-config\npackages: [git]\n"), setup: "a\nb\n",
                command: .argv(["python", "-c", "", "1e-4"]),
                environment: [.init(name: "B", value: "1"), .init(name: "A", value: "2")],
                secrets: [
                    .init(name: "T", source: .environment("T")), .init(name: "U", source: .environment("V")),
                    .init(name: "F", source: .file(folder.path + "/key.txt")),
                    .init(name: "C", source: .command("pass show x")),
                ],
                outputs: ["o/", "../../etc/hostname", "/etc/shadow"],
                snapshot: SnapshotPolicy(when: .onFailure, name: "wreck"),
                timeouts: Timeouts(
                    queue: .seconds(86400), provision: .seconds(90), setup: .seconds(9000), run: .seconds(45000),
                    collect: .seconds(300), snapshot: .seconds(3600), total: nil),
                ssh: SSHSettings(user: "root", port: 2222, hostKey: .acceptNew, pty: true),
                onCollectFailure: .hold(.seconds(21_600)), onFailure: FailurePolicy(hold: .seconds(1200)),
                retry: RetryPolicy(
                    attempts: 5, when: [.capacity, .user], exitCodes: [75, 137], backoff: .seconds(60)),
                logLimit: 2 << 30)
            #expect(spec.definition == expected)
            #expect(try parse(minimal + "log_limit: none\n").definition.logLimit == nil)
            #expect(try parse(minimal + "retry: {when: [gpu]}\n").definition.retry?.when == [.gpu])
            #expect(spec.definition.startupScript?.kind == .cloudConfig)
            #expect(spec.workdir == folder.path + "/code")
            #expect(spec.warnings.isEmpty)
        }
    }

    @Test func holds() throws {
        func definition(_ text: String) throws -> JobDefinition { try parse(minimal + text + "\n").definition }
        #expect(try definition("on_failure: hold 90s").onFailure == FailurePolicy(hold: .seconds(90)))
        #expect(try definition("on_collect_failure: {hold: 1h}").onCollectFailure == .hold(.seconds(3600)))
        #expect(try definition("on_collect_failure: discard").onCollectFailure == .discard)
        #expect(try definition("on_collect_failure: snapshot").onCollectFailure == .snapshot)
        #expect(try definition("").onFailure == nil)
    }

    @Test func retriesAreWhatTheSpecLeavesOut() throws {
        #expect(try parse(minimal + "retry: {attempts: 1}\n").definition.retry == RetryPolicy(attempts: 1))
        #expect(
            try parse(minimal + "retry: {backoff: none, when: []}\n").definition.retry
                == RetryPolicy(when: [], backoff: .zero))
        #expect(try parse(minimal + "retry:\n").definition.retry == nil)
        #expect(try parse(minimal, set: ["retry.attempts=7"]).definition.retry == RetryPolicy(attempts: 7))
    }

    @Test func defaults() throws {
        let spec = try parse(minimal)
        #expect(
            spec.definition
                == JobDefinition(
                    name: "job",
                    machine: MachineRequest(
                        type: "vcpu-2_memory-4g_disk-80g", image: "ubuntu-22.04", region: "NORD-NO-KRS-1"),
                    command: .shell("true")))
        #expect(spec.workdir == nil)
        let empty = try parse(minimal + "env:\nlabels:\nsecrets:\noutputs:\ntimeouts:\nssh:\ninstance:\n")
        #expect(empty == spec)
    }

    @Test(arguments: [
        ("a/b/My Job.v2.yaml", "My-Job.v2"), ("-", "job"), (".yaml", "job"), ("ä.yml", "job"), ("", "job"),
    ])
    func jobsAreNamedAfterTheirFile(_ file: String, _ name: String) throws {
        #expect(try SpecParser.parse(text: minimal, file: file, directory: "/").definition.name == name)
    }

    @Test(arguments: [
        "no", "010", "1e-4", "12:30:00", "~", "null", "0x1F", "1_000", ".inf", "2024-01-01", "0.10", "Off",
    ])
    func environmentKeepsLiteralText(_ text: String) throws {
        let spec = try parse(minimal + "env:\n  A: \(text)\n  B: \"\(text)\"\n", set: ["env.C=\(text)"])
        #expect(spec.definition.environment.map(\.value) == [text, text, text])
        #expect(try parse("type: vcpu-2_memory-4g_disk-80g\ncommand: \(text)\n").definition.command == .shell(text))
    }

    @Test func overridesAreTypedByTheirFieldAndLocatedByThemselves() throws {
        let base = minimal + "outputs: [a]\ntimeouts: {run: 1h}\nsnapshot: never\n"
        let spec = try parse(
            base,
            set: [
                "timeouts.run=12:30:00", "outputs.1=b: [c", "disk_size=100", "env.A=x=y", "ssh.pty=true",
                "image=ca73c941-7bd7-4d05-98d3-485e7980638b", "command=exit 7", "env.A=last", "env.EMPTY=",
            ])
        #expect(spec.definition.timeouts.run == .seconds(45000))
        #expect(spec.definition.outputs == ["a", "b: [c"])
        #expect(spec.definition.machine.diskSizeGiB == 100)
        #expect(spec.definition.environment == [.init(name: "A", value: "last"), .init(name: "EMPTY", value: "")])
        #expect(spec.definition.ssh.pty)
        #expect(spec.definition.command == .shell("exit 7"))
        #expect(
            problems(base, set: ["disk_size=big", "regin=x", "outputs.5=z", "snapshot.when=always"])
                == [
                    "--set disk_size=big:1:1: `disk_size` must be a whole number of GiB, such as 80, not `big`",
                    "--set regin=x:1:1: unknown key `regin`: did you mean `region`?",
                    "--set outputs.5=z:1:1: `outputs` is a list of 1: `5` is no index of it (0 to 1, which appends)",
                    "--set snapshot.when=always:1:1: `snapshot` is a single value, so it has no `when`",
                ].sorted { lhs, rhs in problemOrder(lhs) < problemOrder(rhs) })
        #expect(try parse("command: x\n", set: ["type=vcpu-2_memory-4g_disk-80g"]).definition.name == "job")
        for malformed in ["name", "=x", "a..b=c", ".a=b", String(repeating: "a.", count: 40) + "b=c"] {
            #expect(throws: SpecOverride.Malformed.self) { try SpecOverride(parsing: malformed) }
        }
    }

    /// Paths are judged before fields, and the order of finding breaks ties among options.
    private func problemOrder(_ text: String) -> Int {
        text.contains("outputs") ? 0 : text.contains("snapshot") ? 1 : text.contains("regin") ? 2 : 3
    }

    @Test func extraVariablesComeLast() throws {
        let spec = try parse(minimal + "env: {A: 1}\n", environment: [.init(name: "A", value: "2")])
        #expect(spec.definition.environment == [.init(name: "A", value: "1"), .init(name: "A", value: "2")])
        #expect(
            problems(minimal, environment: [.init(name: "a-b", value: "")]) == [
                "-e a-b:1:1: the name must be a variable name of letters, digits and `_`, not `a-b`"
            ])
    }

    @Test func filesAreCheckedWhenTheSpecIsRead() throws {
        try withFolder { folder in
            let file = folder.appendingPathComponent("boot.sh")
            func found() -> String {
                problems(minimal + "startup_script: {file: boot.sh}\n", directory: folder.path).joined()
            }
            #expect(found().contains("job.yaml:3:24: `startup_script.file`: there is no file"))
            try Data(repeating: 0x61, count: 65536).write(to: file)
            #expect(found() == "")
            try Data(repeating: 0x61, count: 65537).write(to: file)
            #expect(found().contains("65537 bytes"))
            try Data([0xFF, 0xFE]).write(to: file)
            #expect(found().contains("not UTF-8"))
            #expect(problems(minimal + "workdir: boot.sh\n", directory: folder.path)[0].contains("must be a folder"))
            #expect(problems(minimal + "workdir: none\n", directory: folder.path)[0].contains("there is no folder"))
            #expect(problems(minimal + "startup_script: {file: .}\n", directory: folder.path).count == 1)
            #expect(problems(minimal + "startup_script: {file: /dev/zero}\n").count == 1)
        }
        let long = String(repeating: "é", count: 32769)
        #expect(problems(minimal + "startup_script: \(long)\n")[0].contains("65538 bytes"))
    }
}
