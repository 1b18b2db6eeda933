import CMayflySys
import Glibc

/// Starts this same binary in the background: own session, clean environment, no inherited descriptors.
enum DetachedProcess {
    /// What a background process gets of the environment: nothing that names a token or a secret.
    private static let kept = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"]

    /// - Parameter log: where its output is appended, 0600.
    /// - Returns: its process id.
    /// - Throws: ``KeeperError`` `didNotStart`.
    @discardableResult
    static func start(_ arguments: [String], home: MayflyHome, log: String) throws -> Int32 {
        let path = Build.executable
        let logDescriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            if logDescriptor >= 0 { close(logDescriptor) }
            if null >= 0 { close(null) }
        }
        guard logDescriptor >= 0, null >= 0 else {
            throw KeeperError(
                code: .didNotStart, message: "\(log) cannot be written: \(String(cString: strerror(errno)))")
        }
        var environment = kept.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
        environment.append("MAYFLY_HOME=\(home.root)")
        var pid: pid_t = 0
        let failure = withCStrings([path] + arguments) { argv in
            withCStrings(environment) { envp in
                mayfly_spawn_detached(path, argv, envp, null, logDescriptor, logDescriptor, &pid)
            }
        }
        guard failure == 0 else {
            throw KeeperError(
                code: .didNotStart, message: "\(path) cannot be started: \(String(cString: strerror(failure)))")
        }
        return pid
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }
}
