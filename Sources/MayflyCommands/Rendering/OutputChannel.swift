import MayflyCore

/// One log of one job on its way to a stream: masked, made harmless and cut into lines as that stream needs it.
struct OutputChannel {
    /// Whether the bytes go to stdout; otherwise to stderr.
    let toStandardOutput: Bool
    private var masker: SecretMasker?
    private var filter: ControlSequences?
    private var lines: LinePrefixer?

    /// How the streams of this process want their bytes.
    struct Surroundings: Sendable {
        var stdoutIsTerminal: Bool
        var stderrIsTerminal: Bool
        /// `CI` is set: what is printed is kept where others read it.
        var isCI: Bool
        var secrets: [String]

        /// A live display is drawn on the terminal that is stderr.
        var isLive: Bool { stderrIsTerminal }
    }

    /// - Parameters:
    ///   - name: put before each line when several jobs run, `nil` when there is only one.
    ///   - width: of the widest name.
    init(_ log: JobLog, name: String?, width: Int, in surroundings: Surroundings) {
        toStandardOutput = log == .stdout
        let terminal = toStandardOutput ? surroundings.stdoutIsTerminal : surroundings.stderrIsTerminal
        let besideLive = terminal && surroundings.isLive
        if (terminal || surroundings.isCI) && !surroundings.secrets.isEmpty {
            masker = SecretMasker(secrets: surroundings.secrets)
        }
        if besideLive { filter = ControlSequences() }
        switch (log, name) {
        case (.stdout, nil), (.stderr, nil):
            // Exact bytes, except beside a live display, which has to begin on a line of its own.
            if besideLive { lines = LinePrefixer() }
        case (.stdout, let name?), (.stderr, let name?):
            lines = LinePrefixer(name: name, width: width)
        case (.startup, _), (.setup, _):
            let stage = name.map { "\($0) \(log.rawValue)" } ?? log.rawValue
            lines = LinePrefixer(name: stage, width: width)
        }
    }

    /// What to write now.
    mutating func pass(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = masker?.mask(bytes) ?? bytes
        bytes = filter?.visible(bytes) ?? bytes
        return lines?.lines(bytes) ?? bytes
    }

    /// What was still held back when the log ended.
    mutating func finish() -> [UInt8] {
        var bytes = masker?.finish() ?? []
        if var filter {
            bytes = filter.visible(bytes) + filter.finish()
            self.filter = filter
        }
        if var lines {
            bytes = lines.lines(bytes) + lines.finish()
            self.lines = lines
        }
        return bytes
    }

    /// The line that has no end yet, for the live region.
    var pending: String? {
        guard let lines, filter != nil, !lines.pending.isEmpty else { return nil }
        return String(decoding: lines.pending, as: UTF8.self)
    }
}
