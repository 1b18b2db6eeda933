/// Everything a job is, frozen at submit: what the keeper needs to run it without ever reading the user's files again.
///
/// It is stored as JSON in the job's row. It never holds a secret's value, only where the value comes from.
public struct JobDefinition: Codable, Hashable, Sendable {
    /// For people; also names the results folder. Letters, digits, `.`, `_` and `-`, at most 63 characters.
    public var name: String
    /// For people; free text by name.
    public var labels: [String: String]
    public var machine: MachineRequest
    /// Runs as root on first boot, before the upload.
    public var startupScript: StartupScript?
    /// The frozen `workdir`, or `nil` when the spec has none.
    public var code: FrozenCode?
    /// A `bash` script run in `~/work` after the upload, with the job's environment and secrets.
    public var setup: String?
    public var command: JobCommand
    /// What followed `--` on the command line, appended to the command exactly.
    public var extraArguments: [String]
    /// Ordered as written; later entries win.
    public var environment: [EnvironmentVariable]
    public var secrets: [SecretReference]
    /// Paths and globs relative to `~/work` to bring back; `$MAYFLY_OUTPUTS` always comes back.
    public var outputs: [String]
    public var snapshot: SnapshotPolicy
    public var timeouts: Timeouts
    public var ssh: SSHSettings
    /// What becomes of a disk that holds results which could not be fetched; `nil`, as in older records, keeps it.
    public var onCollectFailure: CollectFailurePolicy?
    /// What becomes of an instance whose attempt failed by its user; `nil`, as in older records, ends it at once.
    public var onFailure: FailurePolicy?
    /// What is tried again; `nil`, as in older records, is the default policy.
    public var retry: RetryPolicy?
    /// How many bytes of each log are kept, whole KiB; `nil`, as in older records, keeps all.
    public var logLimit: Int64?

    public init(
        name: String, labels: [String: String] = [:], machine: MachineRequest,
        startupScript: StartupScript? = nil, code: FrozenCode? = nil, setup: String? = nil,
        command: JobCommand,
        extraArguments: [String] = [], environment: [EnvironmentVariable] = [],
        secrets: [SecretReference] = [],
        outputs: [String] = [], snapshot: SnapshotPolicy = SnapshotPolicy(),
        timeouts: Timeouts = Timeouts(),
        ssh: SSHSettings = SSHSettings(), onCollectFailure: CollectFailurePolicy? = nil,
        onFailure: FailurePolicy? = nil, retry: RetryPolicy? = nil, logLimit: Int64? = nil
    ) {
        self.name = name
        self.labels = labels
        self.machine = machine
        self.startupScript = startupScript
        self.code = code
        self.setup = setup
        self.command = command
        self.extraArguments = extraArguments
        self.environment = environment
        self.secrets = secrets
        self.outputs = outputs
        self.snapshot = snapshot
        self.timeouts = timeouts
        self.ssh = ssh
        self.onCollectFailure = onCollectFailure
        self.onFailure = onFailure
        self.retry = retry
        self.logLimit = logLimit
    }
}

/// What becomes of results that are on the instance and could not be fetched.
public enum CollectFailurePolicy: Hashable, Sendable {
    /// The disk is kept as a snapshot, named in the receipt.
    case snapshot
    /// The instance is kept for so long, while fetching is tried again; after that, a snapshot.
    case hold(Duration)
    /// They go with the instance.
    case discard
}

/// The machine a job asks for, in the API's own terms (Instances page, "Create an Instance").
public struct MachineRequest: Codable, Hashable, Sendable {
    public var type: String
    /// An image id, slug, `slug:version`, or a snapshot id.
    public var image: String
    public var region: String
    /// Boot volume in GiB; `nil` leaves the cloud's default (80).
    public var diskSizeGiB: Int?
    /// `nil` = the account's standard group; empty = none.
    public var securityGroups: [String]?
    public var volumes: [String]
    public var floatingIP: String?
    public var placementOption: String?

    public init(
        type: String, image: String, region: String, diskSizeGiB: Int? = nil,
        securityGroups: [String]? = nil,
        volumes: [String] = [], floatingIP: String? = nil, placementOption: String? = nil
    ) {
        self.type = type
        self.image = image
        self.region = region
        self.diskSizeGiB = diskSizeGiB
        self.securityGroups = securityGroups
        self.volumes = volumes
        self.floatingIP = floatingIP
        self.placementOption = placementOption
    }
}

/// The user's startup script, its text frozen at submit.
public struct StartupScript: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Sendable { case script, cloudConfig }

    public var kind: Kind
    public var text: String

    /// A text whose first line is `#cloud-config` is a cloud-config; anything else is a script.
    public init(text: String) {
        let firstLine = text.prefix { $0 != "\n" && $0 != "\r\n" }
        self.kind = firstLine.hasPrefix("#cloud-config") ? .cloudConfig : .script
        self.text = text
    }
}

/// A packed `workdir` in the content-addressed store.
public struct FrozenCode: Codable, Hashable, Sendable {
    /// Lower-case hex SHA-256 of the tar; also its file name in the store.
    public var sha256: String
    public var byteCount: Int64
    public var fileCount: Int
    /// The git commit the folder was at, when it is in a git work tree.
    public var gitCommit: String?
    /// Whether the work tree differed from that commit.
    public var gitDirty: Bool

    public init(
        sha256: String, byteCount: Int64, fileCount: Int, gitCommit: String? = nil,
        gitDirty: Bool = false
    ) {
        self.sha256 = sha256
        self.byteCount = byteCount
        self.fileCount = fileCount
        self.gitCommit = gitCommit
        self.gitDirty = gitDirty
    }
}

public enum JobCommand: Hashable, Sendable {
    /// Run by `bash`.
    case shell(String)
    /// Exact argv; never seen by a shell.
    case argv([String])
}

public struct EnvironmentVariable: Codable, Hashable, Sendable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// Where a secret's value is found at submit. The value itself lives in the keeper's memory only.
public struct SecretReference: Codable, Hashable, Sendable {
    public enum Source: Hashable, Sendable {
        /// An environment variable of the submitting shell.
        case environment(String)
        /// A file, one trailing newline removed. Absolute, or relative to the spec (made absolute at submit).
        case file(String)
        /// A command run by `/bin/sh -c` at submit, one trailing newline removed.
        case command(String)
    }

    /// The variable the job sees.
    public var name: String
    public var source: Source

    public init(name: String, source: Source) {
        self.name = name
        self.source = source
    }
}

public struct SnapshotPolicy: Codable, Hashable, Sendable {
    public enum When: String, Codable, Sendable, CaseIterable {
        case never
        case onSuccess = "on_success"
        case onFailure = "on_failure"
        case always
    }

    public var when: When
    /// `nil` = named after the job.
    public var name: String?

    public init(when: When = .never, name: String? = nil) {
        self.when = when
        self.name = name
    }
}

extension JobDefinition {
    /// What a snapshot of an attempt's instance is called.
    public func snapshotName(of attempt: AttemptIdentity) -> String { snapshot.name ?? label(attempt) }

    /// The results folder of the job of this number.
    public func resultsFolder(of job: JobID, in parent: String) -> String { "\(parent)/\(name)-\(job)" }

    /// What a snapshot is called that nobody asked for, but without which results would be lost.
    public func rescueName(of attempt: AttemptIdentity) -> String { "rescue-\(label(attempt))" }

    private func label(_ identity: AttemptIdentity) -> String {
        "\(name)-\(identity.job)\(identity.attempt > 1 ? "-\(identity.attempt)" : "")"
    }
}

public struct SSHSettings: Codable, Hashable, Sendable {
    public enum HostKeyPolicy: String, Codable, Sendable, CaseIterable {
        /// The exact key that first boot installs; anything else is refused.
        case pinned
        /// Whatever key the first connection shows, then that one. For images that ignore first boot's host key.
        case acceptNew = "accept-new"
    }

    public var user: String
    /// `nil` = what the cloud publishes for the instance, else 22.
    public var port: Int?
    public var hostKey: HostKeyPolicy
    /// Whether the command runs in a terminal of its own (then stdout and stderr are one stream).
    public var pty: Bool
    /// By way of which host the instance is reached; `nil` = directly.
    public var jump: JumpHost?

    public init(
        user: String = "ubuntu", port: Int? = nil, hostKey: HostKeyPolicy = .pinned, pty: Bool = false,
        jump: JumpHost? = nil
    ) {
        self.user = user
        self.port = port
        self.hostKey = hostKey
        self.pty = pty
        self.jump = jump
    }
}

/// A host of the user's through which instances are reached that have no address of their own to the outside.
public struct JumpHost: Codable, Hashable, Sendable, CustomStringConvertible {
    public var user: String
    public var host: String
    public var port: Int
    /// An unencrypted OpenSSH private key of the user's, absolute: the keeper logs in when nobody is there to unlock one.
    public var keyFile: String
    /// The file by which the host proves who it is, absolute.
    public var knownHosts: String

    public init(user: String, host: String, port: Int = 22, keyFile: String, knownHosts: String) {
        self.user = user
        self.host = host
        self.port = port
        self.keyFile = keyFile
        self.knownHosts = knownHosts
    }

    /// As `ssh -J` takes it.
    public var description: String { "\(user)@\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}
