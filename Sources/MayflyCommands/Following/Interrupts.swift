import Dispatch
import Glibc
import Synchronization

/// A wish that came as a signal, or as a reader that went away.
enum Interrupt: Sendable, Hashable {
    case controlC
    case terminate
    case hangUp
    case outputClosed

    enum Response: Sendable, Hashable {
        case ask, cancel, detach
    }

    /// What it means: detaching never touches a job; cancelling a job that computes is asked about where somebody
    /// can answer. TERM ends the client: one that submitted the jobs takes them with it (a CI system that ends `run` means
    /// the job), one that only watches them does not.
    func response(isRunning: Bool, canAsk: Bool, onlyWatches: Bool) -> Response {
        switch self {
        case .hangUp, .outputClosed: .detach
        case .terminate: onlyWatches ? .detach : .cancel
        case .controlC: isRunning && canAsk ? .ask : .cancel
        }
    }
}

/// Catches the signals of a following client. A second Ctrl-C (or TERM) leaves at once, whatever the client is
/// doing: it is handled on a thread of its own.
final class Interrupts: Sendable {
    let stream: AsyncStream<Interrupt>
    private let continuation: AsyncStream<Interrupt>.Continuation
    /// The Ctrl-C or TERM that came last and stands.
    private let standing = Mutex<Interrupt?>(nil)
    private let sources = Mutex<[Source]>([])
    private let leave: @Sendable () -> Void

    /// Dispatch objects are thread-safe by their own contract; the overlay on Linux does not say so.
    private struct Source: @unchecked Sendable {
        let source: any DispatchSourceSignal
    }

    /// - Parameter leave: runs on the second Ctrl-C and does not return in a real client.
    init(leave: @escaping @Sendable () -> Void) {
        (stream, continuation) = AsyncStream.makeStream()
        self.leave = leave
    }

    /// Starts catching. Until the process ends: a signal in between must never take the default way.
    func install() {
        let queue = DispatchQueue(label: "mayfly.signals")
        let meanings: [(Int32, Interrupt)] = [
            (SIGINT, .controlC), (SIGTERM, .terminate), (SIGHUP, .hangUp),
        ]
        for (number, meaning) in meanings {
            // A client started with nohup keeps ignoring HUP.
            if number == SIGHUP && Self.isIgnored(number) { continue }
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { [weak self] in self?.arrived(meaning) }
            source.resume()
            let kept = Source(source: source)
            sources.withLock { $0.append(kept) }
        }
    }

    func arrived(_ interrupt: Interrupt) {
        switch interrupt {
        case .controlC, .terminate:
            let previous = standing.withLock { standing in
                defer { standing = interrupt }
                return standing
            }
            // TERM is a wish of its own, also while a question that a Ctrl-C raised is unanswered.
            if let previous, !(previous == .controlC && interrupt == .terminate) { return leave() }
        case .hangUp, .outputClosed: break
        }
        continuation.yield(interrupt)
    }

    /// The question was answered with "follow on": the next Ctrl-C is a first one again.
    func rearm() { standing.withLock { $0 = nil } }

    func stop() {
        sources.withLock { sources in
            for kept in sources { kept.source.cancel() }
            sources = []
        }
        continuation.finish()
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}
