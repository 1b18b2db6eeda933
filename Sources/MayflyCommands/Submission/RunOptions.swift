import ArgumentParser
import MayflyCore

/// What `run` and `submit` take.
struct RunOptions: ParsableArguments {
    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("Job specs (YAML); - reads one from stdin.", valueName: "spec"))
    var specs: [String]

    @Option(name: .long, help: ArgumentHelp("How many of these jobs run at once (default: all).", valueName: "n"))
    var jobs: Int?

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("Sets a field of every spec; may be repeated.", valueName: "dotted.path=value"))
    var set: [String] = []

    @Option(
        name: .customShort("e"), parsing: .singleValue,
        help: ArgumentHelp("Sets a variable of the job's environment; may be repeated.", valueName: "K=V"))
    var environment: [String] = []

    @Option(
        help: ArgumentHelp("Where results go, as <name>-<number>/ (default: ./results).", valueName: "folder"))
    var results: String?

    @Option(help: "On which cloud: local or genesis (default: MAYFLY_CLOUD, else by token).")
    var cloud: CloudReference.Kind?

    @Flag(name: .shortAndLong, help: "Do not ask before anything is created.")
    var yes = false

    mutating func validate() throws {
        if specs.isEmpty { throw ValidationError("Name a job spec; `mayfly init` writes one to start from.") }
        if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs): expected at least 1.") }
    }
}

/// How `run` and `attach` follow.
struct FollowOptions: ParsableArguments {
    @Flag(help: "Print versioned NDJSON events on stdout; the job's output in base64.")
    var json = false

    @Option(
        name: .customLong("destroy-wait"),
        help: ArgumentHelp("How long to wait for the proof that an instance is gone.", valueName: "duration"))
    var destroyWait = DurationArgument(.seconds(600))
}

/// A duration as specs write it: `90s`, `2h30m`, `1d`.
struct DurationArgument: ExpressibleByArgument, Hashable {
    var duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        var total: Int64 = 0
        var number: Int64?
        for byte in argument.utf8 {
            switch byte {
            case 0x30...0x39:
                let (product, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
                guard !overflow, product < 1_000_000_000 else { return nil }
                number = product + Int64(byte - 0x30)
            default:
                let units: [UInt8: Int64] = [0x64: 86_400, 0x68: 3600, 0x6D: 60, 0x73: 1]
                guard let unit = units[byte], let count = number, count < 1_000_000_000 / unit else { return nil }
                total += count * unit
                number = nil
            }
        }
        guard number == nil, !argument.isEmpty else { return nil }
        duration = .seconds(total)
    }

    var defaultValueDescription: String { TimeText.limit(duration) }
}
