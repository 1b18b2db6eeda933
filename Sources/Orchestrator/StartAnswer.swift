import MayflyCore

/// What a request to start answers: one line, and after it on the same stream, if the stage was started, its log.
actor StartAnswer {
    private static let limit = 64 * 1024
    private var text: [UInt8] = []
    private var lineHasEnded = false
    private(set) var wasStarted = false

    /// - Parameter onStart: called once, when the line says that the stage was started.
    /// - Returns: what of the piece belongs to the log.
    func take(_ bytes: [UInt8], onStart: @Sendable () -> Void) -> [UInt8] {
        if wasStarted { return bytes }
        guard !lineHasEnded, let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            // A hostile server's flood is cut off.
            text.append(contentsOf: bytes.prefix(Self.limit - text.count))
            return []
        }
        text.append(contentsOf: bytes[..<end].prefix(Self.limit - text.count))
        lineHasEnded = true
        let line = String(decoding: text, as: UTF8.self)
        wasStarted = line == "started" || line == "already-started"
        guard wasStarted else { return [] }
        onStart()
        return Array(bytes[(end + 1)...])
    }

    func refusal(_ exit: RemoteExit) -> String {
        let line = String(decoding: text, as: UTF8.self).prefix(2000)
        if line.hasPrefix("cannot-start ") { return String(line.dropFirst(13)) }
        return "its supervisor answered \"\(line)\" (\(exit))"
    }
}
