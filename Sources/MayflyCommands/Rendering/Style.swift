/// Colour, where it is wanted: on a terminal, unless `NO_COLOR` is set (https://no-color.org) or the terminal is dumb.
struct Style: Sendable {
    let isColored: Bool

    init(isColored: Bool) { self.isColored = isColored }

    init(isTerminal: Bool, environment: [String: String]) {
        let refused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        isColored = isTerminal && !refused && environment["TERM"] != "dumb"
    }

    func good(_ text: String) -> String { wrap(text, "32") }
    func bad(_ text: String) -> String { wrap(text, "31") }
    func strong(_ text: String) -> String { wrap(text, "1") }
    func faint(_ text: String) -> String { wrap(text, "2") }

    private func wrap(_ text: String, _ code: String) -> String {
        isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
