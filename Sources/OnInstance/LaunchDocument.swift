public import MayflyCore

/// Everything a stage needs to run, sent on stdin: secrets never reach a command line or the instance's disk.
public struct LaunchDocument: Sendable {
    /// Ordered; later entries win.
    public var environment: [EnvironmentVariable]
    /// Exported after `environment`.
    public var secrets: [EnvironmentVariable]
    public var command: JobCommand
    public var extraArguments: [String]
    /// How long the command may run, measured on the instance. `nil` = until `expiry` only by first boot's power-off.
    public var limit: Duration?
    /// From TERM to KILL.
    public var grace: Duration
    /// The attempt's expiry; no stage runs longer.
    public var expiry: WallTime
    public var job: JobID
    public var name: String
    public var attempt: Int
    /// How many bytes of each stream are kept; the rest is counted and dropped. `nil` = all. Whole KiB.
    public var logLimit: Int64?
    /// Whether the command gets a terminal; then stdout and stderr are one stream.
    public var pty: Bool

    public init(
        environment: [EnvironmentVariable], secrets: [EnvironmentVariable], command: JobCommand,
        extraArguments: [String] = [], limit: Duration? = nil, grace: Duration = .seconds(10), expiry: WallTime,
        job: JobID, name: String, attempt: Int, pty: Bool = false, logLimit: Int64? = nil
    ) {
        self.environment = environment
        self.secrets = secrets
        self.command = command
        self.extraArguments = extraArguments
        self.limit = limit
        self.grace = grace
        self.expiry = expiry
        self.job = job
        self.name = name
        self.attempt = attempt
        self.pty = pty
        self.logLimit = logLimit
    }

    /// The document as the supervisor evaluates it. Its last line tells a complete one from a cut one.
    var document: [UInt8] {
        var lines: [String] = []
        func set(_ name: String, _ value: String) { lines.append("\(name)=\(ShellText.quote(value))") }
        set("mayfly_refusal", refusal ?? "")
        set("mayfly_limit", limit.map(Self.seconds) ?? "")
        set("mayfly_grace", String(max(1, grace.components.seconds)))
        set("mayfly_expiry", String(expiry.rawValue / 1000))
        set("mayfly_log_limit", logLimit.map { String(max(1024, $0 / 1024 * 1024)) } ?? "")
        set("mayfly_pty", pty ? "1" : "")
        set("mayfly_script", script ?? "")
        set("mayfly_words", ShellText.words(arguments))
        set("MAYFLY_JOB", String(job.rawValue))
        set("MAYFLY_NAME", name)
        set("MAYFLY_ATTEMPT", String(attempt))
        lines.append("mayfly_environment() {\n:")
        for variable in environment + secrets where Self.isUsable(variable.name) {
            lines.append("export \(variable.name)=\(ShellText.quote(variable.value))")
        }
        lines.append("}\nmayfly_end=1\n")
        return Array(lines.joined(separator: "\n").utf8)
    }

    /// The script `bash` runs from a file, or `nil` for an exact argument list.
    private var script: String? {
        guard case .shell(let text) = command else { return nil }
        guard !extraArguments.isEmpty, !ShellText.usesPositionalParameters(text) else {
            return text.isEmpty ? ":" : text
        }
        var trimmed = text
        while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
        return trimmed + " \"$@\""
    }

    private var arguments: [String] {
        switch command {
        case .shell: extraArguments
        case .argv(let words): words + extraArguments
        }
    }

    /// Why this cannot be run as it is written; said by the supervisor as `cannot-start …`.
    private var refusal: String? {
        if case .argv(let words) = command, words.first?.isEmpty ?? true { return "the command is empty" }
        if let bad = (environment + secrets).first(where: { !Self.isUsable($0.name) }) {
            return "\"\(bad.name.prefix(80))\" is not a name an environment variable can have"
        }
        return nil
    }

    private static func isUsable(_ name: String) -> Bool {
        ShellText.isVariableName(name) && !reserved.contains(name)
    }

    /// Read-only in one shell or another: assigning them would end the supervisor's shell.
    private static let reserved: Set<String> = [
        "PPID", "UID", "EUID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO", "OPTIND",
    ]

    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.milliseconds)
        let fraction = milliseconds % 1000
        guard fraction != 0 else { return String(milliseconds / 1000) }
        let digits = String(fraction)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
    }
}
