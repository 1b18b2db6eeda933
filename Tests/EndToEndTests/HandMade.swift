import Foundation
import Testing

/// What a person types to have instances by hand on the local cloud.
struct HandMade {
    let world: World

    static let type = "vcpu-2_memory-4g_disk-80g"
    private static let options = [
        "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
        "LogLevel=ERROR", "-o", "ConnectTimeout=5",
    ]
    private var key: String { "\(world.folder)/user/id" }

    /// A fresh key, registered as `laptop`.
    init(in world: World) async throws {
        self.world = world
        let made = try await world.begin(
            ["-q", "-t", "ed25519", "-N", "", "-C", "hand", "-f", "\(world.folder)/user/id"],
            binary: "/usr/bin/ssh-keygen"
        ).end()
        try #require(made.code == 0, "\(made.stderr)")
        try await type("ssh-key", "create", "laptop", "\(world.folder)/user/id.pub", "--quiet")
    }

    /// Types a command that must succeed.
    @discardableResult
    func type(_ words: String...) async throws -> Answer {
        let answer = try await world.mayfly(words + ["--cloud", "local"])
        try #require(answer.code == 0, "mayfly \(words.joined(separator: " ")):\n\(answer.text)\(answer.stderr)")
        return answer
    }

    /// Types a command that must be refused.
    func refused(_ code: Int32, _ words: String...) async throws -> String {
        let answer = try await world.mayfly(words + ["--cloud", "local"])
        #expect(answer.code == code, "mayfly \(words.joined(separator: " ")):\n\(answer.text)\(answer.stderr)")
        #expect(answer.text.isEmpty)
        return answer.stderr
    }

    /// What `--json` printed, one object.
    func object(_ answer: Answer) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: answer.stdout) as? [String: Any], "\(answer.text)")
    }

    func create(_ name: String, _ words: String...) async throws {
        let answer = try await world.mayfly(
            ["instance", "create", name, "--type", Self.type, "--ssh-key", "laptop", "--wait", "--cloud", "local"]
                + words)
        try #require(answer.code == 0, "\(answer.stderr)")
        #expect(answer.stderr.contains("next: ssh "), "\(answer.stderr)")
    }

    private func place(of name: String) async throws -> (address: String, port: Int) {
        let instance = try object(try await type("instance", "show", name, "--json"))
        return (try #require(instance["public_ip"] as? String), instance["ssh_port"] as? Int ?? 22)
    }

    /// An instance to jump through, up and running.
    func bastion() async throws -> (address: String, port: Int) {
        try await create("bastion")
        _ = try await ssh("bastion", "true")
        return try await place(of: "bastion")
    }

    /// A spec's `ssh` that leads through a host, whose key is looked up and known from then on.
    func jump(by address: String, _ port: Int) async throws -> String {
        let scan = try await world.begin(
            ["-p", "\(port)", "-t", "ed25519", address], binary: "/usr/bin/ssh-keyscan"
        ).end()
        try world.write("user/known", scan.text)
        return "ssh: {jump: {host: \(address), port: \(port), user: ubuntu, key: user/id, known_hosts: user/known}}"
    }

    /// Logs in and runs a script; SSH may lag behind `active`.
    func ssh(_ name: String, _ script: String) async throws -> String {
        let (address, port) = try await place(of: name)
        var last: Answer?
        try await eventually("a login on \(name)") {
            let answer = try await world.begin(
                Self.options + ["-i", key, "-p", "\(port)", "ubuntu@\(address)", script], binary: "/usr/bin/ssh"
            ).end()
            last = answer
            return answer.code != 255
        }
        let answer = try #require(last)
        try #require(answer.code == 0, "\(script) on \(name): \(answer.code) \(answer.stderr)")
        return answer.text
    }
}
