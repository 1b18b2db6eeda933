import MayflyCore
import Synchronization

/// What a request to start answers: one line, and after it on the same stream, if the stage was started, its log.
final class StartAnswer: Sendable {
    private struct State {
        var text: [UInt8] = []
        var lineHasEnded = false
        var wasStarted = false
    }

    private static let limit = 64 * 1024
    private let state = Mutex(State())

    var wasStarted: Bool { state.withLock { $0.wasStarted } }

    /// - Parameter onStart: called once, when the line says that the stage was started.
    /// - Returns: what of the piece belongs to the log.
    func take(_ bytes: [UInt8], onStart: @Sendable () -> Void) -> [UInt8] {
        let (rest, startsNow) = state.withLock { state in
            if state.wasStarted { return (bytes, false) }
            guard !state.lineHasEnded, let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
                // A hostile server's flood is cut off.
                state.text.append(contentsOf: bytes.prefix(Self.limit - state.text.count))
                return ([], false)
            }
            state.text.append(contentsOf: bytes[..<end].prefix(Self.limit - state.text.count))
            state.lineHasEnded = true
            let line = String(decoding: state.text, as: UTF8.self)
            state.wasStarted = line == "started" || line == "already-started"
            return state.wasStarted ? (Array(bytes[(end + 1)...]), true) : ([], false)
        }
        if startsNow { onStart() }
        return rest
    }

    func refusal(_ exit: RemoteExit) -> String {
        let line = String(decoding: state.withLock { $0.text }, as: UTF8.self).prefix(2000)
        if line.hasPrefix("cannot-start ") { return String(line.dropFirst(13)) }
        return "its supervisor answered \"\(line)\" (\(exit))"
    }
}
