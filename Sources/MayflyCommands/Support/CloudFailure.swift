import GenesisCloud
import MayflyCore

/// Why the cloud did not do what a command asked for: what was being done, what the API said, whose matter it is, and
/// what to do next.
struct CloudFailure: Error, CustomStringConvertible {
    var doing: String
    var error: GenesisCloudError
    /// A next step that fits better than the general one.
    var next: String?
    /// How to see whether an operation took effect whose answer was lost.
    var toFindOut: String?

    /// As documented: 64 bad usage, 242 capacity, 244 a wait that ran out, 241 everything else of the cloud.
    var exitCode: Int32 {
        switch error.code {
        case .capacity: MayflyCore.ExitCode.noCapacity
        case .validation, .invalidEndpoint: wasSent ? MayflyCore.ExitCode.cloudError : MayflyCore.ExitCode.badSpec
        case .timeout where error.operation == nil: MayflyCore.ExitCode.timedOut
        case .cancelled: MayflyCore.ExitCode.cancelled
        default: MayflyCore.ExitCode.cloudError
        }
    }

    private var wasSent: Bool { error.httpStatus != nil }

    var description: String { lines.joined(separator: "\n") }

    /// The first says what happened, the second whose matter it is and what to do.
    var lines: [String] {
        let first = "\(ControlSequences.line(doing)): \(ControlSequences.line(error.message))"
        if error.requestMayHaveTakenEffect, error.operation?.effect == .unsafe {
            let look = toFindOut ?? "list what there is"
            return [first, "  it was sent once and is not sent again; to find out whether it happened: \(look)"]
        }
        return [first, "  \(whose); next: \(ControlSequences.line(next ?? step))"]
    }

    private var whose: String {
        switch error.fault {
        case .user where error.code == .conflict: "the state it is in does not allow it"
        case .user: "the request is at fault"
        case .account: "a matter of the account or its token"
        case .cloud: "the cloud's fault"
        case .network: "the way to the cloud is at fault"
        }
    }

    private var step: String {
        switch error.code {
        case .invalidEndpoint: "correct GENESISCLOUD_ENDPOINT"
        case .unauthorized, .forbidden: "`mayfly doctor` tells what this token may do; `mayfly login` stores another"
        // The API's code for a route that does not exist.
        case .notFound where error.apiCode == "02001": "another cloud: this one does not serve that part of the API"
        case .notFound: "list what there is; a name works as well as an id"
        case .validation: error.field.map { "correct \($0); --help tells what it takes" } ?? "correct it; see --help"
        case .account: "look at quota (`mayfly quota`) and billing in the console"
        case .capacity: "`mayfly types` shows what is free and where; or try again later"
        case .conflict: "look at its state, and try again when it allows this"
        case .rateLimited: "ask less often; nothing was done"
        case .server, .badResponse: "try again; if it stays so, tell the cloud's support, with --trace-api beside it"
        case .connection: "`mayfly doctor` checks the way"
        case .timeout where error.operation == nil: "look at its state; wait longer with --timeout"
        case .timeout: "`mayfly doctor` checks the way"
        case .unreachableState: "look at its state; what cannot recover is destroyed and made anew"
        case .cancelled: "run it again"
        }
    }
}
