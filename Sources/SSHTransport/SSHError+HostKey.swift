/// What known_hosts files say about a key becomes an error here.
extension SSHError {
    static func hostKey(
        _ key: SSHPublicKey, _ verdict: SSHKnownHosts.Verdict, _ endpoint: SSHEndpoint, _ hosts: SSHKnownHosts
    ) -> SSHError {
        let name = SSHKnownHosts.name(of: endpoint)
        switch verdict {
        case .revoked(let location):
            return SSHError(.hostKeyRevoked, "\(endpoint) proved to hold \(key), which \(location) revokes")
        case .mismatch(let expected):
            let known = expected.prefix(4).map { "\($0.key) (\($0.location))" }.joined(separator: ", ")
            let files = expected.map(\.location.file).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            let remedy = files.map { "ssh-keygen -R '\(name)' -f \($0)" }.joined(separator: "; ")
            return SSHError(
                .hostKeyMismatch,
                "\(endpoint) proved to hold \(key), known is \(known); this may be an attack, or the host was set up "
                    + "anew: only if you are sure of that, `\(remedy)`")
        case .unknown, .known:
            let files = hosts.files.isEmpty ? "any known_hosts file" : hosts.files.joined(separator: " or ")
            return SSHError(
                .hostKeyUnknown,
                "\(endpoint) is not in \(files); it proved to hold \(key): compare that with what the host itself says "
                    + "(`ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub`), then add the line `\(name) \(key.openSSH)`"
            )
        }
    }
}
