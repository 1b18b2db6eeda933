import Foundation
import MayflyCore

extension SpecReading {
    static func isUserName(_ text: String) -> Bool { PlainName.user.matches(text) }

    /// `user@host[:port]`, or a mapping with `key` and `known_hosts` beside.
    mutating func jump(_ node: SpecNode) -> JumpHost? {
        guard case .scalar = node.content else { return jumpMapping(node) }
        guard let words = text(node, "`ssh.jump`") else { return nil }
        guard let match = words.wholeMatch(of: /([^@\s]+)@(\[[0-9A-Fa-f:.]+\]|[^@:\[\]\s]+)(?::([0-9]{1,5}))?/),
            Self.isUserName(String(match.1)), let port = Int(match.3 ?? "22"), (1...65535).contains(port)
        else {
            fail(node.location, "`ssh.jump` must be user@host or user@host:port, not \(Quoted(words))")
            return nil
        }
        let host = match.2.filter { $0 != "[" && $0 != "]" }
        return checked(
            JumpHost(
                user: String(match.1), host: host, port: port, keyFile: Self.usualKey,
                knownHosts: absolute("~/.ssh/known_hosts")), keyAt: node.location, knownHostsAt: node.location)
    }

    private mutating func jumpMapping(_ node: SpecNode) -> JumpHost? {
        guard let fields = fields(node, of: "`ssh.jump`", known: SpecFields.jump) else { return nil }
        guard let hostNode = fields["host"]?.value, let userNode = fields["user"]?.value else {
            fail(node.location, "`ssh.jump` needs `host` and `user`")
            return nil
        }
        guard let host = text(hostNode, "`ssh.jump.host`"), let user = text(userNode, "`ssh.jump.user`") else {
            return nil
        }
        guard Self.isUserName(user), !host.contains(where: { $0.isWhitespace || $0 == "@" }) else {
            fail(userNode.location, "`ssh.jump` must name a user and a host, not \(Quoted(user)) and \(Quoted(host))")
            return nil
        }
        let port = fields["port"].flatMap { integer($0.value, "`ssh.jump.port`", in: 1...65535) } ?? 22
        let key = fields["key"].flatMap { text($0.value, "`ssh.jump.key`") }.map(absolute)
        let knownHosts = fields["known_hosts"].flatMap { text($0.value, "`ssh.jump.known_hosts`") }.map(absolute)
        return checked(
            JumpHost(
                user: user, host: host, port: port, keyFile: key ?? Self.usualKey,
                knownHosts: knownHosts ?? absolute("~/.ssh/known_hosts")),
            keyAt: fields["key"]?.value.location ?? node.location,
            knownHostsAt: fields["known_hosts"]?.value.location ?? node.location)
    }

    /// What `ssh` would try, as far as it can be used here.
    private static var usualKey: String {
        let folder = NSHomeDirectory() + "/.ssh/"
        let usual = ["id_ed25519", "id_ecdsa"].map { folder + $0 }
        return usual.first { FileManager.default.fileExists(atPath: $0) } ?? usual[0]
    }

    /// Said before anything is created, instead of half an hour into the provision clock.
    private mutating func checked(
        _ jump: JumpHost, keyAt: SpecLocation, knownHostsAt: SpecLocation
    ) -> JumpHost? {
        if !FileManager.default.isReadableFile(atPath: jump.keyFile) {
            fail(
                keyAt,
                "`ssh.jump`: there is no readable key \(Quoted(jump.keyFile)); name an unencrypted Ed25519 or ECDSA key "
                    + "that \(jump) takes with `key:`")
        } else if !FileManager.default.isReadableFile(atPath: jump.knownHosts) {
            fail(
                knownHostsAt,
                "`ssh.jump`: there is no readable \(Quoted(jump.knownHosts)), by which \(jump.host) would be known; "
                    + "log in once with ssh, or name another file with `known_hosts:`")
        } else {
            return jump
        }
        return nil
    }
}
