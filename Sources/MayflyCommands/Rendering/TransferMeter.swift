import Adapters
import MayflyCore
import Synchronization

/// How far a copy has come: a line on a terminal, drawn again and again, and one sentence at the end.
final class TransferMeter: Sendable {
    private struct Counts {
        var total: Int64?
        var moved: Int64 = 0
        var drawn: BootInstant?
    }

    private let counts = Mutex(Counts())
    private let console: Console
    private let time: any Timekeeper
    private let began: BootInstant
    private let name: String
    private let isQuiet: Bool

    init(_ name: String, total: Int64? = nil, isQuiet: Bool, context: CommandContext) {
        self.isQuiet = isQuiet
        self.name = ControlSequences.line(name)
        console = context.console
        time = context.time
        began = context.time.now().boot
        counts.withLock { $0.total = total }
    }

    func report(_ progress: InstanceConnection.Progress) {
        guard !isQuiet else { return }
        let now = time.now().boot
        let line: String? = counts.withLock { counts in
            switch progress {
            case .total(let size): counts.total = size
            case .moved(let more): counts.moved += Int64(more)
            }
            guard console.stderrIsTerminal, counts.drawn.map({ $0.duration(to: now) > .milliseconds(100) }) ?? true
            else { return nil }
            counts.drawn = now
            return text(counts, began.duration(to: now), columns: console.size.columns)
        }
        if let line { console.draw([line]) }
    }

    /// Takes the line off and says what it came to.
    /// - Parameter bytes: of content, without what the way there adds.
    func finish(_ what: String, bytes moved: Int64) {
        let passed = began.duration(to: time.now().boot)
        clear()
        guard !isQuiet else { return }
        console.error(
            line: "\(what), \(SizeText.bytes(moved)) in \(TimeText.duration(passed)) (\(Self.rate(moved, passed)))")
    }

    func clear() { console.draw([]) }

    private func text(_ counts: Counts, _ passed: Duration, columns: Int) -> String {
        var tail = "\(SizeText.bytes(counts.moved))  \(Self.rate(counts.moved, passed))"
        guard let total = counts.total, total > 0 else { return "\(name)  \(tail)" }
        // Headers are counted too: never more than all of it.
        let part = min(1, Double(counts.moved) / Double(total))
        let rest = part > 0.01 ? Double(passed.milliseconds) * (1 - part) / part : nil
        tail = "\(SizeText.bytes(counts.moved)) of \(SizeText.bytes(total))  \(Self.rate(counts.moved, passed))"
        if let rest { tail += "  \(TimeText.duration(.milliseconds(Int64(rest)))) left" }
        let width = max(0, min(30, columns - name.count - tail.count - 12))
        let filled = Int(Double(width) * part)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        return "\(name)  \(bar) \(Int(part * 100))%  \(tail)"
    }

    private static func rate(_ bytes: Int64, _ passed: Duration) -> String {
        let milliseconds = max(1, passed.milliseconds)
        return SizeText.bytes(Int64(Double(bytes) * 1000 / Double(milliseconds))) + "/s"
    }
}
