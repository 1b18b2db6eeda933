import PositionedYAML
import Testing

@Suite struct YAMLDocumentTests {
    private func problems(_ text: String) -> [String] { YAMLDocument(parsing: text).problems.map(\.description) }

    private func entries(_ text: String) throws -> [YAMLEntry] {
        let document = YAMLDocument(parsing: text)
        #expect(document.problems.isEmpty)
        guard case .mapping(let entries) = try #require(document.root).content else {
            Issue.record("no mapping")
            return []
        }
        return entries
    }

    @Test func positionsCountFromOneInScalars() throws {
        let entries = try entries("# head\na: 1\n\"ä😀\": [x, 😀, y]\n")
        #expect(entries.map(\.key) == ["a", "ä😀"])
        #expect(entries.map(\.keyPosition) == [YAMLPosition(line: 2, column: 1), YAMLPosition(line: 3, column: 1)])
        #expect(entries[0].value.position == YAMLPosition(line: 2, column: 4))
        guard case .sequence(let items) = entries[1].value.content else { throw YAMLTestFailure.noSequence }
        #expect(items.map(\.position.column) == [8, 11, 14])
    }

    @Test(arguments: ["no", "010", "1e-4", "12:30:00", "~", "null", "0x1F", "1_000", ".inf", "2024-01-01", "=", "yes"])
    func scalarsStayText(_ text: String) throws {
        let entries = try entries("a: \(text)\nb: '\(text)'\nc: |-\n  \(text)\n")
        #expect(entries[0].value.content == .scalar(YAMLScalar(text: text, isQuoted: false)))
        #expect(entries[1].value.content == .scalar(YAMLScalar(text: text, isQuoted: true)))
        #expect(entries[2].value.content == .scalar(YAMLScalar(text: text, isQuoted: true)))
    }

    @Test func missingValuesAreEmptyAndPlain() throws {
        let entries = try entries("a:\nb: ''\n")
        #expect(entries[0].value.content == .scalar(YAMLScalar(text: "", isQuoted: false)))
        #expect(entries[1].value.content == .scalar(YAMLScalar(text: "", isQuoted: true)))
    }

    @Test func everyDuplicateIsNamedAtItsSecondPlace() {
        let text = "a: 1\nb: 2\na: 3\nin:\n  x: 1\n  \"x\": 2\n  x: 3\n\"b\": 4\nlast: 5\n"
        #expect(
            problems(text) == [
                "3:1: `a` is already given on line 1", "6:3: `x` is already given on line 5",
                "7:3: `x` is already given on line 5", "8:1: `b` is already given on line 2",
            ])
        let document = YAMLDocument(parsing: "{a: 1, a: 2, last: 3}")
        #expect(document.problems.map(\.description) == ["1:8: `a` is already given on line 1"])
        guard case .mapping(let entries)? = document.root?.content else { return #expect(Bool(false)) }
        #expect(entries.map(\.key) == ["a", "last"])
        #expect(entries[1].keyPosition.column == 14)
    }

    @Test(arguments: ["? [a]\n: 1\n? [a]\n: 2\n", "\"\": 1\n\"\": 2\n", "- {-a: 1, -a: 2}", "&x a: 1\na: 2\n"])
    func oddDuplicatesAreStillRefused(_ text: String) {
        #expect(!problems(text).isEmpty)
    }

    @Test func aliasesMergesAndTagsAreRefusedAtTheirKey() {
        let text = "base: &b {x: 1}\nother: *b\nmerged:\n  <<: *b\ntagged: !!int 3\nlocal: !mine [1]\n- "
        #expect(problems(text).count == 1)
        let valid = String(text.dropLast(2))
        #expect(problems(valid).map { String($0.prefix(4)) } == ["1:1:", "2:1:", "4:3:", "5:1:", "6:1:"])
        #expect(problems("a: *nowhere\n") == ["1:4: " + problems("a: *x\n")[0].dropFirst(5)])
        #expect(problems("a: *nowhere\n")[0].contains("aliases"))
        #expect(problems("!!str a: 1\n!x b: 2\n").map { String($0.prefix(4)) } == ["2:1:"])
    }

    @Test func nestedAliasesCostNothing() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...200 {
            text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
        }
        #expect(problems(text).count > 200)
    }

    @Test func syntaxErrorsHavePositions() {
        #expect(problems("a: [1, 2\nb: 3\n")[0].hasPrefix("2:2: not valid YAML"))
        #expect(problems("a: 1\n\tb: 2\n")[0].hasPrefix("2:"))
        #expect(problems("a: 1\n---\nb: 2\n") == ["2:1: a second document starts here: one file holds one document"])
        #expect(problems("a: b: c\n")[0].hasPrefix("1:5: "))
        #expect(problems("ok: 1\nbell: \u{7}x\u{0}\n").map { String($0.prefix(5)) } == ["2:7: ", "2:9: "])
        #expect(problems("? {a: 1}\n: 2\n")[0].contains("a key must be a word"))
    }

    @Test func emptyTextsHaveNoRoot() {
        for text in ["", "\n\n", "# only a comment\n", "\u{FEFF}# marked\n"] {
            let document = YAMLDocument(parsing: text)
            #expect(document.root == nil && document.problems.isEmpty)
        }
    }

    @Test func deepNestingIsAnErrorNotACrash() {
        for text in [
            String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 5000),
            String(repeating: "- ", count: 20_000),
            String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
        ] {
            _ = YAMLDocument(parsing: text)
        }
        #expect(problems(String(repeating: "[", count: 100_000)).count == 1)
    }

    /// Every prefix of a rich text, and many damaged ones, are read or refused, never fatal.
    @Test func garbageNeverTraps() {
        let seed =
            "a: [1, {b: \"c\\n\\u263a\"}]\nd: |+\n  x\n\n? !t &n k\n: *n\n'e''f': >-\n  g\n<<: {h: ~}\n%YAML 1.1\n...\n"
        let scalars = Array(seed.unicodeScalars)
        for count in 0...scalars.count { _ = YAMLDocument(parsing: text(scalars[..<count])) }
        var state: UInt64 = 42
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let spice = Array("\t\n\r:-?[]{}#&*!|>'\"%@`,\\ \u{85}\u{2028}\u{FEFF}\u{0}😀a1<".unicodeScalars)
        for _ in 0..<3000 {
            var damaged = scalars
            for _ in 0...next(6) {
                damaged[next(damaged.count)] = spice[next(spice.count)]
                damaged.insert(spice[next(spice.count)], at: next(damaged.count))
            }
            let document = YAMLDocument(parsing: text(damaged[...]))
            #expect(document.problems.allSatisfy { $0.position.line >= 1 && $0.position.column >= 1 })
        }
    }

    private func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}

enum YAMLTestFailure: Error { case noSequence }
