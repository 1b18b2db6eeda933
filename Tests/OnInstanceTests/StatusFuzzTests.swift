import MayflyCore
import MayflyTestKit
import OnInstance
import Testing

/// Status lines come from an instance that may say anything.
@Suite(.timeLimit(.minutes(1)))
struct StatusFuzzTests {
    private static let digest = String(repeating: "0123456789abcdef", count: 4)
    private static let valid = [
        "exit 0", "exit 255", "timeout", "stopped", "unknown", "exit 1 stdout 12 \(digest) stderr 0 \(digest)",
        "exit 1 stdout 12 \(digest) stderr 0 \(digest) dropped 77 0 cut",
        "timeout stdout 9223372036854775807 \(digest) stderr 1 \(digest) cut",
    ]

    private func check(_ text: String) {
        guard let status = StageStatus.parse(text) else { return }
        if case .exited(let code) = status.result { #expect((0...255).contains(code), "\(text)") }
        for log in [status.stdout, status.stderr].compactMap(\.self) {
            #expect(log.bytes >= 0, "\(text)")
            #expect(log.sha256.utf8.count == 64, "\(text)")
            #expect(log.sha256.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }, "\(text)")
        }
        #expect((status.stdout == nil) == (status.stderr == nil), "\(text)")
    }

    @Test(arguments: 0..<8) func mutatedLines(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            var bytes = Array(Self.valid.randomElement(using: &random)!.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[at] = UInt8.random(in: .min ... .max, using: &random)
                case 1: bytes.insert(UInt8.random(in: 0x20...0x7e, using: &random), at: at)
                case 2: if bytes.count > 1 { bytes.remove(at: at) }
                case 3: bytes.insert(contentsOf: Array("\u{FF11}٣ -+é".utf8), at: at)
                default: bytes += bytes[at...]
                }
            }
            check(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func noise() {
        var random = SeededGenerator(seed: 99)
        for count in [0, 1, 2, 63, 64, 65, 1000, 100_000] {
            for _ in 0..<20 {
                check(
                    String(
                        decoding: (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) },
                        as: UTF8.self))
            }
        }
    }

    @Test func digitsOfOtherScriptsAreNone() {
        let wide = String(repeating: "\u{FF11}", count: 21) + "a"
        #expect(wide.utf8.count == 64)
        #expect(StageStatus.parse("exit 0 stdout 1 \(wide) stderr 1 \(Self.digest)") == nil)
        #expect(StageStatus.parse("exit \u{FF11}") == nil)
    }

    @Test func whatIsValidIsRead() {
        for line in Self.valid { #expect(StageStatus.parse(line) != nil, "\(line)") }
    }
}
