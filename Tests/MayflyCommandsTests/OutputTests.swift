import MayflyCore
import Testing

@testable import MayflyCommands

@Suite struct ControlSequencesTests {
    private func visible(_ chunks: [[UInt8]]) -> String {
        var filter = ControlSequences()
        return text(chunks.flatMap { filter.visible($0) } + filter.finish())
    }

    @Test(arguments: [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\u{1B}[2J\u{1B}[H", "^[[2J^[[H"),
        ("bell\u{7} null\u{0} del\u{7F}", "bell^G null^@ del^?"),
        ("a\r\nb", "a\nb"),
        ("10%\r20%\r", "10%\n20%\n"),
        ("\u{9B}31m", "<U+009B>31m"),
        ("a\u{202E}b\u{200B}", "a<U+202E>b<U+200B>"),
        ("größe 日本 🐝", "größe 日本 🐝"),
    ])
    func showsWhatCouldMoveTheCursor(_ input: String, _ expected: String) {
        #expect(visible([Array(input.utf8)]) == expected)
        #expect(visible(input.utf8.map { [$0] }) == expected, "in one-byte chunks")
    }

    @Test func bytesThatAreNoTextAreEscaped() {
        #expect(visible([[0xFF, 0x41, 0xC3]]) == "\\xFFA\\xC3")
        #expect(visible([[0xE2, 0x82], [0x41]]) == "\\xE2\\x82A")
        #expect(visible([[0xED, 0xA0, 0x80]]) == "\\xED\\xA0\\x80", "a lone surrogate")
    }

    @Test func anyBytesLeaveNoControlCharacter() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let shown = Array(visible([Array(bytes[..<31]), Array(bytes[31...])]).utf8)
            #expect(!shown.contains { ($0 < 0x20 && $0 != 0x0A && $0 != 0x09) || $0 == 0x7F })
        }
    }
}

@Suite struct LinePrefixerTests {
    @Test func partialLinesWaitForTheirEnd() {
        var lines = LinePrefixer(name: "a", width: 3)
        #expect(text(lines.lines(Array("one\ntw".utf8))) == "a   | one\n")
        #expect(text(lines.pending) == "a   | tw")
        #expect(text(lines.lines(Array("o\n\n".utf8))) == "a   | two\na   | \n")
        #expect(lines.finish().isEmpty)
    }

    @Test func theLastLineGetsAnEnd() {
        var lines = LinePrefixer(name: "a", width: 1)
        #expect(lines.lines([0xFF, 0x00]).isEmpty)
        #expect(lines.finish() == Array("a | ".utf8) + [0xFF, 0x00, 0x0A])
    }

    @Test func aLineWithoutEndIsBounded() {
        var lines = LinePrefixer(name: "a", width: 1)
        let shown = lines.lines([UInt8](repeating: 0x78, count: LinePrefixer.longestLine + 5))
        #expect(shown.count == LinePrefixer.longestLine + 5)
        #expect(text(lines.finish()) == "a | xxxxx\n")
    }
}

@Suite struct SecretMaskerTests {
    @Test func masksAcrossChunks() {
        for cut in 0...17 {
            var masker = SecretMasker(secrets: ["hunter2", "abc"])
            let bytes = Array("say hunter2 twice".utf8)
            let shown = masker.mask(bytes[..<cut]) + masker.mask(bytes[cut...]) + masker.finish()
            #expect(text(shown) == "say *** twice", "cut at \(cut)")
        }
    }

    @Test func aLongerSecretThatBeginsWithAShorterOneWins() {
        var masker = SecretMasker(secrets: ["abcd", "abcdef"])
        #expect(text(masker.mask(Array("abcd".utf8)) + masker.mask(Array("ef abcdx".utf8))) == "*** ***x")
        #expect(text(masker.mask(Array("abcde".utf8)) + masker.finish()) == "***e")
    }

    @Test func shortValuesMaskNothing() {
        var masker = SecretMasker(secrets: ["1", "on", ""])
        #expect(text(masker.mask(Array("1 on 1".utf8))) == "1 on 1")
    }
}

@Suite struct OutputChannelTests {
    private func surroundings(out: Bool, err: Bool, ci: Bool = false) -> OutputChannel.Surroundings {
        OutputChannel.Surroundings(stdoutIsTerminal: out, stderrIsTerminal: err, isCI: ci, secrets: ["hunter2"])
    }

    private let raw: [UInt8] = [0x1B, 0x5B, 0x32, 0x4A, 0xFF] + Array("hunter2".utf8)

    @Test func aSingleJobIsExactWhereNobodyDraws() {
        var pipe = OutputChannel(.stdout, name: nil, width: 0, in: surroundings(out: false, err: true))
        #expect(pipe.pass(raw) + pipe.finish() == raw)
        var errors = OutputChannel(.stderr, name: nil, width: 0, in: surroundings(out: false, err: false))
        #expect(errors.pass(raw) + errors.finish() == raw)
    }

    @Test func besideALiveDisplayItIsHarmlessAndMasked() {
        var channel = OutputChannel(.stdout, name: nil, width: 0, in: surroundings(out: true, err: true))
        #expect(channel.pass(raw).isEmpty)
        #expect(channel.pending == "^[[2J\\xFF***")
        #expect(text(channel.finish()) == "^[[2J\\xFF***\n")
    }

    @Test func severalJobsAreNamedAndCIIsMasked() {
        var channel = OutputChannel(.stderr, name: "b", width: 2, in: surroundings(out: false, err: false, ci: true))
        #expect(text(channel.pass(Array("x hunter2\ny".utf8)) + channel.finish()) == "b  | x ***\nb  | y\n")
        var setup = OutputChannel(.setup, name: nil, width: 0, in: surroundings(out: false, err: false))
        #expect(text(setup.pass(Array("pip\n".utf8))) == "setup | pip\n")
    }
}
