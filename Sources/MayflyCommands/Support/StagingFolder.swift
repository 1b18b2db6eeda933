import Dispatch
import Glibc

/// A folder in which something arrives before it is put in its place. Goes with the command, also when a signal ends it.
final class StagingFolder: @unchecked Sendable {
    // Safe: constant after init; dispatch sources are thread-safe by their own contract.
    let path: String
    private let sources: [any DispatchSourceSignal]

    init(_ path: String) {
        self.path = path
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // What still arrives meanwhile may make a file anew: once more then.
                for _ in 0..<3 { FileBytes.remove(Array(path.utf8)) }
                _exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    func remove() {
        for (source, number) in zip(sources, [SIGINT, SIGTERM, SIGHUP]) {
            source.cancel()
            signal(number, SIG_DFL)
        }
        FileBytes.remove(Array(path.utf8))
    }
}
