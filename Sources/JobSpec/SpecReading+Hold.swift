import MayflyCore
import PositionedYAML

extension SpecReading {
    /// `hold 20m` or `{hold: 20m}`.
    mutating func onFailure(_ node: SpecNode) -> FailurePolicy? {
        let expected = "`on_failure` must be `hold 20m` or `{hold: 20m}`"
        switch hold(node, "`on_failure`") {
        case .length(let length): return length.map(FailurePolicy.init(hold:))
        case .word(let word):
            fail(node.location, "\(expected), not \(Quoted(word))\(Self.meantHold(word))")
        case .other: break
        }
        return nil
    }

    /// `snapshot`, `discard`, `hold 6h` or `{hold: 6h}`.
    mutating func onCollectFailure(_ node: SpecNode) -> CollectFailurePolicy? {
        switch hold(node, "`on_collect_failure`") {
        case .length(let length): return length.map(CollectFailurePolicy.hold)
        case .word("snapshot"): return .snapshot
        case .word("discard"): return .discard
        case .word(let word):
            let meant = Suggestion.nearest(to: word, among: ["snapshot", "discard"]).map { ": did you mean `\($0)`?" }
            fail(
                node.location,
                "`on_collect_failure` must be `snapshot`, `discard` or `hold 6h`, not \(Quoted(word))"
                    + (meant ?? Self.meantHold(word)))
        case .other: break
        }
        return nil
    }

    private enum HoldText {
        /// A hold; `nil` when its length is wrong, which is said.
        case length(Duration?)
        case word(String)
        /// Neither, which is said.
        case other
    }

    private mutating func hold(_ node: SpecNode, _ what: String) -> HoldText {
        if case .mapping = node.content {
            guard let fields = fields(node, of: what, known: SpecFields.hold) else { return .other }
            guard let length = fields["hold"]?.value else {
                // Another key is told of already.
                if case .mapping(let entries) = node.content, entries.isEmpty {
                    fail(node.location, "\(what) has no `hold`: write `{hold: 20m}`")
                }
                return .other
            }
            return .length(duration(length, "\(what.dropLast()).hold`", mayBeNone: false) ?? nil)
        }
        guard let text = text(node, what) else { return .other }
        let words = text.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        guard words.count == 2, words[0] == "hold" else { return .word(text) }
        switch DurationText.parse(words[1]) {
        case .success(let length): return .length(length)
        case .failure(let wrong):
            fail(node.location, "\(what): \(wrong.description)")
            return .length(nil)
        }
    }

    private static func meantHold(_ word: String) -> String {
        let rest = word.hasPrefix("hold") ? word.dropFirst(4).drop { $0 == " " || $0 == ":" || $0 == "=" } : word[...]
        guard case .success = DurationText.parse(String(rest)) else { return "" }
        return ": did you mean `hold \(rest)`?"
    }
}
