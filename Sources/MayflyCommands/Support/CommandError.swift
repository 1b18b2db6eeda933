import MayflyCore

/// Why a command could not do what it was asked: one sentence that names the place, the value, what was expected and
/// the next step.
struct CommandError: Error, Sendable, Hashable, CustomStringConvertible {
    enum Code: String, Sendable {
        /// Something on the command line, in the environment or in a spec; nothing was created.
        case usage
        /// The spec's problems have been printed, one per line.
        case badSpec
        case noSuchJob
        /// The home folder, the store or a file of ours could not be used.
        case state
        /// The keeper or the local cloud could not be started or reached.
        case background
        /// An instance could not be reached, or no longer.
        case connection
        /// Not everything that was asked for arrived.
        case incomplete
        /// The person said no.
        case declined
    }

    var code: Code
    var message: String

    var description: String { message }

    /// `sysexits.h`: 64 usage, 70 internal; declining a plan is a cancel.
    var exitCode: Int32 {
        switch code {
        case .usage, .badSpec, .noSuchJob: ExitCode.badSpec
        case .state, .background: ExitCode.internalError
        case .connection: ExitCode.connectionLost
        case .incomplete: ExitCode.outputsMissing
        case .declined: ExitCode.cancelled
        }
    }
}
