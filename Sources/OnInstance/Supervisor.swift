public import MayflyCore

/// The steps by which a job is run on its instance. Each is one exec on a connection and safe to repeat.
///
/// Everything on the instance lies in `/var/lib/mayfly/<nonce>`, so a baked snapshot never looks finished to the next
/// attempt. Nothing needs root.
public struct Supervisor: Sendable {
    private let nonce: String

    /// - Parameter nonce: the attempt's; letters and digits. Other characters are dropped, it is a folder's name.
    public init(nonce: String) {
        self.nonce = Self.folderName(nonce)
    }

    /// Installs the supervisor (read from stdin, put in place by a rename once it is what was sent) and waits until the
    /// user's startup script ended. stdout is one line for ``StageStatus/parse(_:)``. Broken off, it is simply repeated.
    public func awaitStartup() -> RemoteStep {
        let text = PackageResources.supervisor_sh
        // By its length alone where there is no sha256sum: such an image gets no further than this anyway.
        // First boot hands the folder to the login user once that user exists, which may be a moment after sshd is up.
        let script = """
            d=\(folder)
            n=0
            until { mkdir -p "$d" && [ -w "$d" ]; } 2>/dev/null; do
                n=$((n + 1))
                if [ "$n" -gt 3000 ]; then
                    echo "first boot never made $d" >&2
                    exit 1
                fi
                sleep 0.1 2>/dev/null || sleep 1
            done
            umask 077
            t=$d/.supervisor.$$
            cat >"$t" && sum=$(sha256sum <"$t" 2>/dev/null || echo \(Self.sum))
            if [ "${sum%% *}" != \(Self.sum) ] || [ "$(wc -c <"$t")" -ne \(text.count) ]; then
                rm -f "$t"
                echo 'the supervisor did not arrive as it was sent' >&2
                exit 1
            fi
            mv "$t" "$d/supervisor.sh" || exit 1
            exec /bin/sh "$d/supervisor.sh" await-startup
            """
        return RemoteStep(command: "exec /bin/sh -c \(ShellText.quote(script))", input: text)
    }

    /// stdout = the startup script's combined output from byte `offset`.
    public func startupLog(offset: Int64) -> RemoteStep {
        step("startup-log", [String(max(0, offset))])
    }

    /// Starts a stage at most once. stdout = `started`, `already-started` or `cannot-start REASON`, as soon as the
    /// detached supervisor runs the command.
    public func start(_ stage: Stage, _ launch: LaunchDocument) -> RemoteStep {
        step("start", [stage.rawValue], input: launch.document)
    }

    /// ``start(_:_:)``, and after its line, if the stage was started by this or an earlier request, what
    /// ``follow(_:stdoutOffset:stderrOffset:)`` gives.
    public func startAndFollow(
        _ stage: Stage, _ launch: LaunchDocument, stdoutOffset: Int64, stderrOffset: Int64
    ) -> RemoteStep {
        step(
            "start", [stage.rawValue, String(max(0, stdoutOffset)), String(max(0, stderrOffset))],
            input: launch.document)
    }

    /// Whether the stage was started: stdout = `started` or `not-started`. Needs no launch document, and so no secrets.
    public func began(_ stage: Stage) -> RemoteStep {
        step("began", [stage.rawValue])
    }

    /// The channel's stdout and stderr are the command's, from these offsets; ends with 0 when sealed and drained.
    public func follow(_ stage: Stage, stdoutOffset: Int64, stderrOffset: Int64) -> RemoteStep {
        step("follow", [stage.rawValue, String(max(0, stdoutOffset)), String(max(0, stderrOffset))])
    }

    /// Blocks until the stage is sealed or its supervisor dead; stdout = one line for ``StageStatus/parse(_:)``.
    public func wait(_ stage: Stage) -> RemoteStep {
        step("wait", [stage.rawValue])
    }

    /// TERM to the command's process group, KILL after its grace; returns at once. A stage that has not begun never
    /// will.
    public func stop(_ stage: Stage) -> RemoteStep {
        step("stop", [stage.rawValue])
    }

    /// Lets a stage that runs do so for longer: as long as `limit` from its start, cut to its launch's expiry. stdout =
    /// `extended`, or `not-extended REASON`. A supervisor of before this was possible ends with 64.
    public func extend(_ stage: Stage, to limit: Duration) -> RemoteStep {
        step("extend", [stage.rawValue, String(max(0, limit.components.seconds))])
    }

    /// Unpacks the tar that the caller streams to stdin (a ``TreePacker``'s) into `~/work`. stdout = `unpacking` at once, then
    /// `uploaded`; where there is no `tar`, `no-tar`, and the exit code is 71.
    public func upload() -> RemoteStep {
        step(
            "upload",
            after: "if command -v tar >/dev/null; then echo unpacking; else echo no-tar; cat >/dev/null; exit 71; fi\n")
    }

    /// Makes an empty folder for code that comes by SFTP, where ``upload()`` ended with 71. stdout = `staging PATH`, or
    /// `uploaded` where it has come already.
    public func stageCode() -> RemoteStep { step("stage-code") }

    /// Compares what came there with its end mark's sums and puts it into `~/work`. stdout = `verified COUNT` and `uploaded`.
    public func takeCode() -> RemoteStep { step("take-code") }

    /// stdout = one stream for a ``TreeReceiver``. Where there is no `tar`, the exit code is 71 and stdout a plan by which the
    /// same stream can be made from files fetched by SFTP.
    public func collect(_ request: CollectRequest) -> RemoteStep {
        step("collect", input: request.document)
    }

    /// Takes out of the disk what must not be in a snapshot that anybody may boot: the attempt's keys, the first-boot document
    /// and, unless kept, the job's state folder with this very supervisor; then syncs. stdout = `ready`, or `partly` where
    /// the login user may not do all of it.
    public func beforeSnapshot(of identity: AttemptIdentity, keepingState: Bool) -> RemoteStep {
        step("before-snapshot", [ShellText.quote(identity.description), keepingState ? "kept" : "removed"])
    }

    /// Puts the tar that the caller streams to stdin (a ``TreeSender``'s) at a path: below it where it is a folder or
    /// ends with a slash, else as it. stdout = `taken`.
    /// - Parameters:
    ///   - path: relative to `~/work`, absolute, or beginning with `~/`.
    ///   - stripes: over how many connections the stream comes, 1 MiB on each in turn; more than one needs perl there.
    ///   - token: tells this copy's stripes from another's; letters and digits.
    ///   - key: under which what a cut stream brought stays; the same for the same copy, and one copy at a time.
    ///   - goesOn: whether the stream leaves out what ``keep(_:at:key:)`` has left.
    public func take(
        at path: String, stripes: Int = 1, token: String = "none", key: String? = nil, goesOn: Bool = false
    ) -> RemoteStep {
        let staging = key.map { [Self.folderName($0), goesOn ? "kept" : "fresh"] } ?? []
        return step("take", [ShellText.quote(path), String(max(1, stripes)), Self.folderName(token)] + staging)
    }

    /// Makes an empty staging folder for files that come by SFTP, where ``take(at:stripes:token:key:goesOn:)`` ended with 71 because
    /// there is no `tar`. stdout = `staging PATH`.
    public func stage(at path: String, key: String) -> RemoteStep {
        step("stage", [ShellText.quote(path), Self.folderName(key)])
    }

    /// Verifies and places what came there, end mark included. stdout = `taken`.
    public func takeStaged(at path: String, token: String, key: String) -> RemoteStep {
        step("take", [ShellText.quote(path), "0", Self.folderName(token), Self.folderName(key), "kept"])
    }

    /// What a cut ``take(at:stripes:token:key:goesOn:)`` of this key has left. stdout = `stripes` where several connections
    /// can be merged, then a line "SIZE SECONDS RIGHTS ./path" a file. An older supervisor ends with 64. Ends an earlier try that still runs.
    public func staged(at path: String, key: String) -> RemoteStep {
        step("staged", [ShellText.quote(path), Self.folderName(key)])
    }

    /// Drops all that is staged under a key but these files.
    /// - Parameter files: lines of ``staged(at:key:)``.
    public func keep(_ files: [UInt8], at path: String, key: String) -> RemoteStep {
        step(
            "keep", [ShellText.quote(path), Self.folderName(key)],
            input: files + Array("end\n".utf8))
    }

    /// Another connection of a striped ``take(at:stripes:token:key:goesOn:)``: its stdin is the stripe of this number, from 1.
    public func stripe(_ number: Int, token: String) -> RemoteStep {
        step("stripe", [Self.folderName(token), String(number)])
    }

    /// What explains a failure, for a ``BlackBox``; at most a megabyte. Never the environment: it holds secrets.
    public func blackBox() -> RemoteStep {
        step("black-box")
    }

    // MARK: Commands

    /// Of `Resources/supervisor.sh`, as `sha256sum` says it. Written down, so that this room needs no cryptography, and a test
    /// says what it must be.
    static let sum = "01b83d0b379fa26d72b6860c0751f3529c74cfcff5a20fb4e94ad1dc7b0eb153"

    /// Wrapped for `sh`, because the login shell may be any.
    ///
    /// What a crash of the instance or a full disk has torn is not run: a shell ends with 0 where a script does, so that a
    /// step of half a supervisor would look done. The last line of every one there has ever been tells a whole one.
    private func step(
        _ verb: String, _ arguments: [String] = [], input: [UInt8] = [], after preparation: String = ""
    ) -> RemoteStep {
        let words = ([verb] + arguments).joined(separator: " ")
        let script = """
            run() {
                if [ "$(tail -n 1 "$1" 2>/dev/null)" = esac ]; then exec /bin/sh "$@"; fi
                echo "the supervisor on the instance is missing or torn" >&2
                exit 70
            }
            \(preparation)run \(folder)/supervisor.sh \(words)
            """
        return RemoteStep(command: "exec /bin/sh -c \(ShellText.quote(script))", input: input)
    }

    private var folder: String { Self.folder(nonce) }

    /// `MAYFLY_STATE` moves the root, for tests.
    static func folder(_ nonce: String) -> String { "\"${MAYFLY_STATE:-/var/lib/mayfly}\"/\(nonce)" }

    static func folderName(_ nonce: String) -> String {
        let kept = nonce.utf8.filter { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        return kept.isEmpty ? "none" : String(decoding: kept, as: UTF8.self)
    }
}
