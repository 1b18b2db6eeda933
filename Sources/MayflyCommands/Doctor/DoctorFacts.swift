import GenesisCloud
import Keeper
import MayflyCore

/// Everything that `mayfly doctor` looks at, gathered before anything is judged.
struct DoctorFacts: Sendable {
    struct Home: Sendable {
        var path: String
        /// Why it cannot be used at all.
        var trouble: String?
        /// Permission bits.
        var mode: UInt32 = 0o700
        var isOwn = true
        var isWritable = true
        var freeBytes: Int64?
    }

    /// The token in force, without the token.
    struct Token: Sendable {
        var endpoint: String
        /// `nil` when there is none.
        var source: String?
        /// Why what there is cannot be used.
        var trouble: String?
    }

    /// One question put to the API.
    struct Probe: Sendable {
        var endpoint: String
        var isLoopback: Bool
        var error: GenesisCloudError?
        var duration: Duration?
        /// The answer's `Date`, and this machine's clock when it came.
        var serverTime: WallTime?
        var localTime: WallTime?
    }

    /// What stands between here and the API.
    struct Proxy: Sendable, Hashable {
        var variable: String
        /// Host and port; `nil` when the value is no address.
        var address: String?
    }

    struct SSHLibrary: Sendable {
        var version: String
        /// The distribution's package, whose patches the version does not tell.
        var package: String?
    }

    var home: Home
    var token: Token
    /// `nil` when nothing could be chosen; `choiceTrouble` then says why.
    var cloud: CloudReference.Kind?
    var choiceTrouble: String?
    /// Whether nobody named the local cloud.
    var isFallback = false
    /// `nil` when no API was asked.
    var probe: Probe?
    var proxy: Proxy?
    var background: BackgroundFacts
    var build: String
    /// Helper programs that were found.
    var tools: Set<String>
    var isRoot: Bool
    var ssh: SSHLibrary
}

/// One line of `mayfly doctor`.
struct Finding: Sendable, Hashable, Encodable {
    enum State: String, Sendable, Encodable {
        case ok, warning
        /// Mayfly cannot do its work until it is put right.
        case problem
    }

    var check: String
    var state: State
    var message: String
    /// What to do.
    var next: String?

    static func ok(_ check: String, _ message: String) -> Finding {
        Finding(check: check, state: .ok, message: message, next: nil)
    }
    static func warning(_ check: String, _ message: String, next: String) -> Finding {
        Finding(check: check, state: .warning, message: message, next: next)
    }
    static func problem(_ check: String, _ message: String, next: String) -> Finding {
        Finding(check: check, state: .problem, message: message, next: next)
    }
}
