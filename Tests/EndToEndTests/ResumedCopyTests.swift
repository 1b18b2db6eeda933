import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// Copies by way of a jump host, whose connections a relay cuts or holds after some bytes, and counts.
    @Suite struct ResumedCopies {
        private static let files = 40
        private static let size = 1_000_000
        private static let sums = "cd many && find . -type f -exec sha256sum {} + | sort"

        private struct Scene {
            let world: World
            let relay: TestRelay

            func cp(_ words: String...) async throws -> (answer: Answer, moved: Int) {
                let before = relay.moved
                let answer = try await world.mayfly(["cp"] + words)
                return (answer, relay.moved - before)
            }

            func sums(in folder: String) async throws -> String {
                try await world.begin(
                    ["-c", "cd '\(folder)' && \(ResumedCopies.sums)"], binary: "/bin/sh"
                ).end().text
            }

            func sumsThere(in folder: String = "work") async throws -> String {
                try await world.mayfly("ssh", "1", "--", "cd \(folder) && \(ResumedCopies.sums)").text
            }
        }

        private func with(_ body: (Scene) async throws -> Void) async throws {
            try await World.with { world in
                let hand = try await HandMade(in: world)
                let (address, port) = try await hand.bastion()
                let relay = try await TestRelay(in: world, to: address, port)
                let jump = try await hand.jump(by: "127.0.0.1", Int(relay.port))
                let run = try await world.begin(
                    """
                    \(jump)
                    command: |
                      mkdir many; for n in $(seq \(Self.files)); do head -c \(Self.size) /dev/urandom > many/$n; done
                      echo ready; until [ -e go ]; do sleep 0.05; done
                    """, until: "the files are there"
                ) { $0.stdoutSoFar.contains("ready") }
                try await body(Scene(world: world, relay: relay))
                #expect(try await world.mayfly("ssh", "1", "--", "touch work/go").code == 0)
                let answer = try await run.end()
                #expect(answer.code == 0, "\(answer.stderr)")
                try await hand.type("instance", "rm", "bastion", "-y", "--wait")
                try await hand.type("ssh-key", "rm", "laptop", "-y")
                try await relay.end()
            }
        }

        private static let all = files * size
        /// What a file that was cut costs, and everything else that passes: logins, manifests, the keeper's own reading.
        private static let slack = 4 * size

        @Test func `a copy whose connection breaks goes on by itself`() async throws {
            try await with { scene in
                try scene.relay.cutOnce(after: 20 * Self.size)
                let down = try await scene.cp("1:many", ".")
                #expect(down.answer.code == 0 && down.answer.stderr.contains("trying again"), "\(down.answer.stderr)")
                #expect(down.moved > Self.all && down.moved < Self.all + Self.slack, "\(down.moved) bytes")
                let there = try await scene.sumsThere()
                #expect(there.split(separator: "\n").count == Self.files)
                #expect(try await scene.sums(in: scene.world.folder) == there)
                let left = try FileManager.default.contentsOfDirectory(atPath: scene.world.folder)
                #expect(!left.contains { $0.hasPrefix(".mayfly") }, "\(left)")

                try scene.relay.cutOnce(after: 7 * Self.size)
                let up = try await scene.cp("many", "1:back/")
                #expect(up.answer.code == 0 && up.answer.stderr.contains("trying again"), "\(up.answer.stderr)")
                // What the server has taken and not passed on is lost with a connection: a window each.
                #expect(up.moved < Self.all + 4 * (2 << 20) + Self.slack, "\(up.moved) bytes")
                #expect(try await scene.sumsThere(in: "work/back") == there)
                #expect(try await scene.world.mayfly("ssh", "1", "--", "ls -A work/back").text == "many\n")
            }
        }

        @Test func `a copy that is killed goes on when it is run again`() async throws {
            try await with { scene in
                let (world, relay) = (scene.world, scene.relay)
                let there = try await scene.sumsThere()
                for (words, limit) in [(["1:many", "."], 20), (["many", "1:back/"], 7)] {
                    try relay.hold(after: limit * Self.size)
                    let killed = try world.begin(["cp"] + words)
                    try await eventually("the copy is held") { relay.isHolding }
                    kill(killed.pid, SIGKILL)
                    #expect(try await killed.end().code == 128 + SIGKILL)
                    try relay.release()
                    let again = try await scene.cp(words[0], words[1])
                    #expect(again.answer.code == 0, "\(again.answer.stderr)")
                    #expect(again.moved < Self.all - 10 * Self.size, "\(words): \(again.moved) bytes")
                }
                #expect(try await scene.sums(in: world.folder) == there)
                #expect(try await scene.sumsThere(in: "work/back") == there)
                let ls = "ls -A work/back; ls -A work | grep mayfly"
                #expect(try await world.mayfly("ssh", "1", "--", ls).text == "many\n")
            }
        }

        @Test func `pull goes on too, and Ctrl-C leaves nothing`() async throws {
            try await with { scene in
                let (world, relay) = (scene.world, scene.relay)
                // While the next try is waited for.
                try relay.cutOnce(after: 20 * Self.size)
                let waiting = try world.begin(["cp", "1:many", "."])
                try await eventually("the connection is lost") { waiting.stderrSoFar.contains("trying again") }
                kill(waiting.pid, SIGINT)
                #expect(try await waiting.end().code == 130)
                let left = try FileManager.default.contentsOfDirectory(atPath: world.folder)
                #expect(!left.contains { $0.hasPrefix(".m") }, "\(left)")

                // In the middle.
                try relay.hold(after: 20 * Self.size)
                let stopped = try world.begin(["cp", "1:many", "."])
                try await eventually("the copy is held") { relay.isHolding }
                kill(stopped.pid, SIGINT)
                #expect(try await stopped.end().code == 130)
                try relay.release()
                #expect(
                    try !FileManager.default.contentsOfDirectory(atPath: world.folder).contains { $0.hasPrefix(".m") })

                let make =
                    "mkdir -p \"$(echo /var/lib/mayfly/*/outputs)\" && cp -r work/many /var/lib/mayfly/*/outputs/"
                #expect(try await world.mayfly("ssh", "1", "--", make).code == 0)
                try relay.cutOnce(after: 20 * Self.size)
                let before = relay.moved
                let pulled = try await world.mayfly("pull", "--to", "mine")
                #expect(pulled.code == 0 && pulled.stderr.contains("trying again"), "\(pulled.stderr)")
                #expect(relay.moved - before < Self.all + Self.slack)
                #expect(try await scene.sums(in: world.folder + "/mine") == (try await scene.sumsThere()))

                // Two at once of the same: the second begins a staging of its own.
                let (one, two) = (try world.begin(["cp", "1:many", "."]), try world.begin(["cp", "1:many", "."]))
                let codes = (try await one.end().code, try await two.end().code)
                #expect(codes == (0, 0))
                #expect(try await scene.sums(in: world.folder) == (try await scene.sumsThere()))
            }
        }
    }
}

/// A TCP relay as a process of its own: counts what passes, and cuts or holds a connection that has carried too much.
struct TestRelay {
    private let folder: String
    private let child: World.Command
    let port: Int

    private static let program = """
        import os, socket, struct, sys, threading, time
        host, port, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
        lock, total = threading.Lock(), 0
        count = os.open(folder + "/moved", os.O_RDWR | os.O_CREAT)
        def limit(name):
            try:
                return int(open(folder + "/" + name).read())
            except (OSError, ValueError):
                return None
        def carry(source, sink, pair, carried):
            global total
            try:
                while data := source.recv(65536):
                    with lock:
                        total += len(data)
                        carried[0] += len(data)
                        os.pwrite(count, b"%20d" % total, 0)
                        cut = limit("cut")
                        if cut is not None and carried[0] > cut:
                            os.unlink(folder + "/cut")
                            # Ends with RST once the other thread, which this wakes, has let go of them too.
                            for end in pair:
                                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                                end.shutdown(socket.SHUT_RDWR)
                                end.close()
                            return
                    while (most := limit("hold")) is not None and carried[0] > most:
                        open(folder + "/holding", "w").close()
                        time.sleep(0.02)
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                for end in pair:
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
        listener = socket.create_server(("127.0.0.1", 0))
        open(folder + "/port.new", "w").write(str(listener.getsockname()[1]))
        os.rename(folder + "/port.new", folder + "/port")
        while True:
            client, _ = listener.accept()
            server = socket.create_connection((host, port))
            carried = [0]
            for pair in ((client, server), (server, client)):
                threading.Thread(target=carry, args=(*pair, (client, server), carried), daemon=True).start()
        """

    init(in world: World, to host: String, _ port: Int) async throws {
        folder = "\(world.folder)/relay"
        try world.write("relay/relay.py", Self.program)
        child = try world.begin(["\(folder)/relay.py", host, "\(port)", folder], binary: "/usr/bin/python3")
        let file = folder + "/port"
        try await eventually("the relay listens") { FileManager.default.fileExists(atPath: file) }
        self.port = try #require(Int(Traces.text(file)))
    }

    /// Bytes of both directions until now.
    var moved: Int { Int(Traces.text(folder + "/moved").trimmingCharacters(in: .whitespaces)) ?? 0 }
    var isHolding: Bool { FileManager.default.fileExists(atPath: folder + "/holding") }

    /// Resets the first connection that carries more.
    func cutOnce(after bytes: Int) throws { try put("cut", bytes) }

    /// Lets no connection carry more, and tells nobody.
    func hold(after bytes: Int) throws { try put("hold", bytes) }

    func release() throws {
        try FileManager.default.removeItem(atPath: folder + "/hold")
        try FileManager.default.removeItem(atPath: folder + "/holding")
    }

    func end() async throws {
        kill(child.pid, SIGKILL)
        _ = try await child.end()
    }

    private func put(_ name: String, _ bytes: Int) throws {
        try Data("\(bytes)".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name).new"))
        guard rename("\(folder)/\(name).new", "\(folder)/\(name)") == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
