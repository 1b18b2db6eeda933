import CLibSSH2

/// The SSH library this process runs with, which may be newer than the one it was built with.
public enum SSHLibrary {
    /// For example `1.10.0`, without what a distribution has patched into it.
    public static var version: String {
        guard let text = unsafe libssh2_version(0) else { return "unknown" }
        return unsafe String(cString: text)
    }
}
