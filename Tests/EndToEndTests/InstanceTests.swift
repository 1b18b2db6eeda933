import Foundation
import Testing

extension EndToEnd {
    /// Instances by hand, as a person types them.
    @Suite struct Instances {
        @Test func `from a fresh key to the last destroy`() async throws {
            try await World.with { world in
                let hand = try await HandMade(in: world)
                try await hand.create("web")
                let list = try await hand.type("instance", "ls")
                #expect(list.lines.count == 2 && list.lines[1].contains(" web ") && list.lines[1].contains("active"))
                let id = try #require(try await hand.type("instance", "ls", "-q").lines.first)
                #expect(list.lines[1].hasPrefix(id))
                #expect(try await hand.ssh("web", "echo kept > mark && cat mark") == "kept\n")

                // Renamed, its host name stays; protected, it stays too.
                try await hand.type("instance", "update", "web", "--name", "site", "--protected", "--disk-size", "96")
                let site = try hand.object(try await hand.type("instance", "get", "site", "--json"))
                #expect(site["id"] as? String == id && site["hostname"] as? String == "web")
                #expect(site["is_protected"] as? Bool == true && site["disk_size"] as? Int == 96)
                let kept = try await hand.refused(241, "instance", "destroy", "site", "-y")
                #expect(kept.contains("protected") && kept.contains("instance update \(id) --no-protected"), "\(kept)")
                try await hand.type("instance", "update", String(id.prefix(8)), "--no-protected")

                // A snapshot has the file, a fresh image has not.
                let before = try await hand.type("instance", "snapshot", "site", "before", "--wait", "-q")
                #expect(try await hand.type("instance", "snapshots", "site", "-q").text == before.text)
                try await hand.create("copy", "--image", "before", "--disk-size", "96")
                #expect(try await hand.ssh("copy", "cat mark") == "kept\n")
                try await hand.create("empty")
                #expect(try await hand.ssh("empty", "test ! -e mark && echo none") == "none\n")

                // Stopped, started and reset it still has the file.
                #expect(try await hand.type("instance", "actions", "site").lines.sorted() == ["reset", "stop"])
                try await hand.type("instance", "stop", "site", "--wait")
                #expect(try await hand.type("instance", "actions", "site").lines == ["start"])
                #expect(try await hand.refused(241, "instance", "stop", "site").contains("mayfly instance actions"))
                try await hand.type("instance", "start", "site", "--wait")
                #expect(try await hand.ssh("site", "cat mark && echo more >> mark") == "kept\n")
                try await hand.type("instance", "reset", "site", "--wait")
                #expect(try await hand.ssh("site", "cat mark") == "kept\nmore\n")

                #expect(try await hand.refused(64, "instance", "destroy", "site").contains("say -y"))
                try await hand.type("instance", "rm", "site", "copy", "empty", "-y", "--wait")
                #expect(try await hand.type("instance", "ls", "-q").text.isEmpty)
                #expect(try await hand.refused(64, "instance", "show", "site").contains("no instance has the name"))
                try await hand.type("snapshot", "rm", "before", "-y")
                try await hand.type("ssh-key", "rm", "laptop", "-y")
            }
        }

        @Test func `names that several share, and what a script gets`() async throws {
            try await World.with { world in
                let hand = try await HandMade(in: world)
                try await hand.create("twin")
                try await hand.create("twin")
                let ids = try await hand.type("instance", "ls", "-q").lines
                #expect(ids.count == 2)
                let ambiguous = try await hand.refused(64, "instance", "stop", "twin")
                #expect(ids.allSatisfy { ambiguous.contains($0) }, "\(ambiguous)")
                let list = try await hand.type("instance", "list", "--json")
                let objects = try #require(JSONSerialization.jsonObject(with: list.stdout) as? [[String: Any]])
                #expect(objects.compactMap { $0["id"] as? String } == ids)
                let gone = try await hand.type("instance", "destroy", ids[0], ids[1], "-y", "--wait", "-q")
                #expect(gone.lines == ids)
            }
        }

        @Test func `a person is asked before a disk is lost`() async throws {
            try await World.with { world in
                let hand = try await HandMade(in: world)
                try await hand.create("web")
                for (answer, code) in [("n\n", Int32(245)), ("\n", 245), ("yes\n", 0)] {
                    let terminal = try Terminal(["instance", "rm", "web", "--wait", "--cloud", "local"], in: world)
                    try await eventually("the question") { terminal.screen.contains("Go on? [y/N] ") }
                    #expect(terminal.screen.contains("its boot disk is lost"))
                    #expect(try await hand.type("instance", "ls", "-q").lines.count == 1)
                    terminal.type(answer)
                    #expect(await terminal.end() == code, "\(terminal.screen)")
                }
                #expect(try await hand.type("instance", "ls", "-q").text.isEmpty)
            }
        }

        @Test func `a password by stdin is in no trace`() async throws {
            try await World.with { world in
                let password = "Hush-\(UUID().uuidString)-x1"
                let command = [
                    World.binary, "instance", "create", "locked", "--type", HandMade.type, "--password-stdin",
                    "--cloud",
                    "local", "--wait", "-q",
                ]
                let line = "printf '%s\\n' \"$PASSWORD\" | exec \(command.joined(separator: " "))"
                let answer = try await world.begin(
                    ["-c", line], binary: "/bin/sh",
                    environment: ["PASSWORD": password, "MAYFLY_TRACE_API": "1"]
                ).end()
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(answer.lines.count == 1)
                #expect(answer.stderr.contains("api: POST /instances 201"), "\(answer.stderr)")
                #expect(!answer.stderr.contains(password) && !answer.text.contains(password))
                let weak = try await world.begin(
                    ["-c", line], binary: "/bin/sh", environment: ["PASSWORD": "short"]
                ).end()
                #expect(weak.code == 64 && weak.stderr.contains("16 characters"), "\(weak.stderr)")
                #expect(
                    try await world.mayfly("instance", "rm", "locked", "-y", "--wait", "--cloud", "local").code == 0)
            }
        }

        @Test func `the doctor knows a usable machine and a dead endpoint`() async throws {
            try await World.with { world in
                let well = try await world.mayfly("doctor", "--json", "--cloud", "local")
                #expect(well.code == 0, "\(well.text)")
                let report = try #require(JSONSerialization.jsonObject(with: well.stdout) as? [String: Any])
                #expect(report["usable"] as? Bool == true)
                let checks = try #require(report["checks"] as? [[String: String]])
                let states = Dictionary(uniqueKeysWithValues: checks.map { ($0["check"] ?? "", $0["state"] ?? "") })
                for check in ["home", "token", "cloud", "api", "clock", "keeper", "local cloud", "local instances"] {
                    #expect(states[check] == "ok", "\(check): \(well.text)")
                }
                let ill = try await world.mayfly(
                    ["doctor"],
                    environment: [
                        "GENESISCLOUD_TOKEN": "GCtoken", "GENESISCLOUD_ENDPOINT": "http://127.0.0.1:1/compute/v1",
                    ])
                #expect(ill.code == 1 && ill.text.contains("problem  api"), "\(ill.text)")
                #expect(!ill.text.contains("GCtoken"))
            }
        }
    }
}
