import Crypto
import Foundation
import Testing

extension EndToEnd {
    /// Every byte, in order, once.
    @Suite struct Output {
        /// Each job adds up on the instance what it made; here it is added up again.
        @Test func `many jobs at once lose no byte`() async throws {
            try await World.with { world in
                let count = 12
                try world.write(
                    "noise.yaml",
                    World.machine + """

                        command: |
                          set -eu
                          head -c 1000000 /dev/urandom > stdout.log
                          head -c 1000000 /dev/urandom > stderr.log
                          mkdir outputs
                          head -c 5000000 /dev/urandom > outputs/big.bin
                          cp outputs/big.bin "$MAYFLY_OUTPUTS/"
                          sha256sum stdout.log stderr.log outputs/big.bin > "$MAYFLY_OUTPUTS/sums"
                          cat stderr.log >&2 &
                          cat stdout.log
                          wait
                        """)
                let answer = try await world.mayfly(
                    ["run", "--cloud", "local", "--jobs", "6"] + Array(repeating: "noise.yaml", count: count),
                    within: .seconds(120))
                #expect(answer.code == 0, "\(answer.stderr.suffix(4000))")
                #expect((10 << 20)..<(150 << 20) ~= answer.peakBytes, "the client held \(answer.peakBytes) bytes")
                for number in 1...count {
                    let job = "noise-\(number)"
                    let sums = try #require(world.text("outputs/sums", of: job), "\(job) brought no sums")
                    let lines = sums.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
                    try #require(lines.count == 3)
                    for line in lines {
                        let bytes = try #require(world.result(line[1], of: job), "\(job) has no \(line[1])")
                        let digest = SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
                        #expect(digest == line[0], "\(job): \(line[1]) differs, \(bytes.count) bytes")
                    }
                    #expect(try world.receipt(of: job)["teardown"] as? String == "clean")
                }
            }
        }

        @Test func `binary bytes, long lines and no last newline`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    #"""
                    command: |
                      printf 'a\000b\377\033[2J\r\n'
                      head -c 3000000 /dev/zero | tr '\0' x
                      printf '\nno newline at the end'
                      printf '\000\376 neither here' >&2
                    """#)
                let stdout =
                    Data([0x61, 0, 0x62, 0xff]) + Data("\u{1B}[2J\r\n".utf8) + Data(repeating: 0x78, count: 3_000_000)
                    + Data("\nno newline at the end".utf8)
                #expect(answer.code == 0)
                #expect(world.result("stdout.log") == stdout)
                #expect(answer.stdout == stdout, "stdout is no terminal: exact")
                #expect(world.result("stderr.log") == Data([0, 0xfe]) + Data(" neither here".utf8))

                let logs = try await world.mayfly("logs", "last", "--stdout")
                #expect(logs.stdout == stdout)
            }
        }

        @Test func `a job that opens its own streams`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    """
                    command: |
                      echo one; echo first >&2
                      echo x > /dev/stderr
                      echo y > /dev/stdout
                      echo z > /proc/self/fd/2
                      echo two; echo last >&2
                    """)
                #expect(answer.code == 0)
                #expect(answer.text == "one\ny\ntwo\n")
                #expect(world.text("stdout.log") == "one\ny\ntwo\n")
                #expect(world.text("stderr.log") == "first\nx\nz\nlast\n")
            }
        }

        @Test func `events for programs`() async throws {
            try await World.with { world in
                let answer = try await world.run(
                    #"""
                    setup: echo set up
                    command: |
                      head -c 300000 /dev/zero | tr '\0' y
                      printf '\000\377' >&2
                      exit 5
                    """#, named: "probe", "--json")
                #expect(answer.code == 5)
                let events = try answer.lines.map { line in
                    try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
                }
                #expect(events.allSatisfy { $0["v"] as? Int == 1 && $0["event"] is String })
                #expect(events.first?["event"] as? String == "submitted")
                #expect(events.first?["results"] as? String == "\(world.results)/probe-1")
                let phases = events.filter { $0["event"] as? String == "phase" }.compactMap { $0["phase"] as? String }
                #expect(
                    phases == [
                        "queued", "creating", "booting", "connecting", "preparing", "running", "collecting",
                        "destroying", "verifying",
                    ])
                #expect(try Self.bytes(of: "stdout", in: events) == Data(repeating: 0x79, count: 300_000))
                #expect(try Self.bytes(of: "stderr", in: events) == Data([0, 0xff]))
                #expect(try Self.bytes(of: "setup", in: events) == Data("set up\n".utf8))
                let last = try #require(events.last)
                #expect(last["event"] as? String == "finished")
                #expect(last["outcome"] as? String == "failed")
                #expect(last["exit_code"] as? Int == 5)
                #expect(last["status"] as? Int == 5)
                #expect(last["delivery"] as? String == "complete")
                #expect(last["teardown"] as? String == "clean")
                let objects = try #require(last["objects"] as? [[String: Any]])
                #expect(objects.map { $0["state"] as? String } == ["gone"])
            }
        }

        /// One stream put together again; every event must begin where the one before it ended.
        private static func bytes(of stream: String, in events: [[String: Any]]) throws -> Data {
            var all = Data()
            for event in events where event["stream"] as? String == stream {
                #expect(event["offset"] as? Int == all.count)
                all += try #require((event["data"] as? String).flatMap { Data(base64Encoded: $0) })
            }
            return all
        }
    }
}
