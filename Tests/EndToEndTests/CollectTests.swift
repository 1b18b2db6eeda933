import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// What goes up and what comes back.
    @Suite struct Files {
        @Test func `outputs cannot lead out of the job's world`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    """
                    outputs: [o/, ../../etc/hostname, /etc/shadow, missing]
                    command: |
                      mkdir o
                      echo good > o/good
                      ln -s good o/inner
                      ln -s /etc/passwd o/passwd
                      ln -s / o/root
                      mkfifo o/pipe
                      truncate -s 64M o/sparse
                      printf 'data in the middle' | dd of=o/sparse bs=1 seek=32M conv=notrunc status=none
                    """)
                #expect(world.text("outputs/o/good") == "good\n")
                let outputs = "\(world.results)/latest/outputs"
                let manager = FileManager.default
                #expect(try manager.destinationOfSymbolicLink(atPath: "\(outputs)/o/inner") == "good")
                #expect(try manager.contentsOfDirectory(atPath: outputs) == ["o"])
                let arrived = try manager.contentsOfDirectory(atPath: "\(outputs)/o").sorted()
                #expect(arrived == ["good", "inner", "sparse"])
                for name in ["o/passwd", "o/root", "o/pipe", "../../etc/hostname", "/etc/shadow", "missing"] {
                    let isTold = answer.stderr.split(separator: "\n").contains {
                        $0.contains("warning") && $0.contains(name)
                    }
                    #expect(isTold, "nobody was told of \(name):\n\(answer.stderr)")
                }
                let sparse = try #require(world.result("outputs/o/sparse"))
                #expect(sparse.count == 64 << 20)
                #expect(sparse[(32 << 20)...].starts(with: Data("data in the middle".utf8)))
                #expect(Self.blocks("\(outputs)/o/sparse") < 16 << 20, "holes came back as zeros")
            }
        }

        @Test func `the job sees its folder as it was at submit`() async throws {
            try await World.with { world in
                try world.write("code/kept.txt", "as submitted\n")
                try world.write("code/deleted.txt", "still here\n")
                try world.write("code/.gitignore", "*.tmp\n")
                try world.write("code/scratch.tmp", "ignored\n")
                try world.write("first.yaml", "\(World.machine)\ncommand: sleep 300")
                try world.write(
                    "second.yaml",
                    "\(World.machine)\nworkdir: code\ncommand: cat kept.txt deleted.txt; ls; cat added.txt || true")
                // The second waits for the first, so nothing of it has been uploaded when its folder changes.
                let submitted = try await world.mayfly(
                    "run", "-d", "--jobs", "1", "--cloud", "local", "first.yaml", "second.yaml")
                #expect(submitted.code == 0, "\(submitted.stderr)")
                #expect(submitted.text == "1\n2\n")
                try world.write("code/kept.txt", "edited\n")
                try world.write("code/added.txt", "added\n")
                try FileManager.default.removeItem(atPath: "\(world.folder)/code/deleted.txt")
                #expect(try await world.mayfly("show", "2").text.contains("queued"))

                #expect(try await world.mayfly("cancel", "1").code == 0)
                let answer = try await world.mayfly("attach", "2")
                #expect(answer.code == 0, "\(answer.stderr)")
                #expect(answer.text == "as submitted\nstill here\ndeleted.txt\nkept.txt\n")
                #expect(try await world.mayfly("attach", "1").code == 245)
            }
        }

        @Test func `what cannot be fetched is kept as a snapshot`() async throws {
            try await World.with { world in
                // Root's own, which the login user cannot read: `sudo` is the isolated backend's, as on real images.
                let spec = """
                    outputs: [o/]
                    command: mkdir o; echo mine > o/mine; echo roots > o/roots; sudo sh -c 'chown root o/roots; chmod 600 o/roots'
                    """
                let answer = try await world.run(spec)
                guard getuid() == 0 else {
                    #expect(answer.code != 0, "without root there is no sudo to make such a file")
                    return
                }
                #expect(answer.code == 246, "\(answer.stderr)")
                #expect(world.text("outputs/o/mine") == "mine\n")
                #expect(answer.stderr.contains("rescue-probe-1"), "\(answer.stderr)")
                let snapshot = try #require(
                    (try world.receipt()["objects"] as? [[String: Any]])?.first { $0["kind"] as? String == "snapshot" })
                #expect(snapshot["state"] as? String == "kept")
                let id = try #require(snapshot["id"] as? String)
                try world.write(
                    "look.yaml",
                    """
                    name: look
                    type: vcpu-2_memory-4g_disk-80g
                    image: \(id)
                    command: sudo cat work/o/roots || sudo cat o/roots
                    """)
                let look = try await world.mayfly("run", "look.yaml", "--cloud", "local")
                #expect(look.code == 0 && look.text == "roots\n", "\(look.stderr)")
                let discarded = try await world.run("on_collect_failure: discard\n\(spec)")
                #expect(discarded.code == 246 && !discarded.stderr.contains("rescue-"), "\(discarded.stderr)")
            }
        }

        @Test func `a snapshot carries nothing that was the attempt's alone`() async throws {
            try await World.with { world in
                let first = try await world.run("snapshot: always\ncommand: echo kept >~/data")
                #expect(first.code == 0, "\(first.stderr)")
                #expect(!first.stderr.contains("could not be cleaned"), "\(first.stderr)")
                let objects = try #require(try world.receipt()["objects"] as? [[String: Any]])
                let id = try #require(objects.first { $0["kind"] as? String == "snapshot" }?["id"] as? String)
                let identity = try #require(objects.first { $0["kind"] as? String == "instance" }?["name"] as? String)
                let places = "/etc/ssh /var/lib/cloud /var/lib/mayfly /root ~/.ssh"
                let second = try await world.run(
                    """
                    image: \(id)
                    command: |
                      cat ~/data
                      ls /var/lib/mayfly | wc -l
                      grep -c mf- ~/.ssh/authorized_keys
                      \(getuid() == 0 ? "sudo" : "") grep -rlF "mf-"\(identity.dropFirst(3)) \(places) 2>/dev/null
                      true
                    """)
                #expect(second.code == 0, "\(second.stderr)")
                #expect(second.text == "kept\n1\n1\n", "\(second.text)")
            }
        }

        @Test func `an output that was promised and is not there is 246`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    """
                    outputs: [locked/]
                    command: mkdir locked; echo x > locked/file; chmod 000 locked/file; true
                    """)
                #expect(answer.code == 246, "\(answer.stderr)")
                #expect(answer.stderr.contains("locked/file"))
                #expect(try world.receipt()["delivery"] as? String == "partial")
            }
        }

        /// Bytes on disk.
        private static func blocks(_ path: String) -> Int {
            var status = stat()
            return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : .max
        }
    }
}
