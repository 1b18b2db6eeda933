import Foundation
import MayflyCore
import OnInstance
import Testing

struct FirstBootTests {
    static func request(_ script: StartupScript?, user: String = "ubuntu") -> FirstBoot.Request {
        FirstBoot.Request(
            nonce: "abcdefgh", user: user,
            hostPrivateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
            hostPublicKey: "ssh-ed25519 AAAAhost mayfly\n", clientPublicKey: "ssh-ed25519 AAAAclient mayfly",
            expiry: WallTime(rawValue: 1_800_000_000_000), startupScript: script)
    }

    static func text(_ document: FirstBootDocument) -> String {
        guard case .startupScript(let text) = document else { return "" }
        return text
    }

    @Test func aScriptIsEmbeddedInOneCloudConfig() throws {
        let script = "#!/bin/bash\necho \"it's\"\t\\n ā😀\r\n"
        let text = Self.text(try FirstBoot.document(for: Self.request(StartupScript(text: script))))
        #expect(text.hasPrefix("#cloud-config\n"))
        #expect(text.contains(##"content: "#!/bin/bash\necho \"it's\"\t\\n ā😀\r\n""##))
        #expect(text.contains("ssh_deletekeys: true"))
        #expect(text.contains("ed25519_public: \"ssh-ed25519 AAAAhost mayfly\"\n"))
        #expect(text.contains("- \"ssh-ed25519 AAAAclient mayfly\""))
        // Expiry + 30 min, in seconds.
        #expect(text.contains("sh 1800001800 "))
        #expect(text.contains("echo script >"))
    }

    @Test func aUsersCloudConfigStandsBetweenOurs() throws {
        let config = "#cloud-config\npackages: [htop]\n"
        let document = try FirstBoot.document(for: Self.request(StartupScript(text: config)))
        guard case .userData(let parts) = document else {
            Issue.record("not user_data")
            return
        }
        #expect(parts.count == 3)
        #expect(parts.allSatisfy { $0.type == "text/cloud-config" && $0.content.hasPrefix("#cloud-config\n") })
        #expect(parts[1].content == config)
        #expect(parts[2].content.contains("settings: [append]"))
    }

    @Test func theFinalDocumentCounts() throws {
        // Fits by itself, but not with what is around it.
        let script = StartupScript(text: "#!/bin/sh\n" + String(repeating: "#\n", count: 30_000))
        let error = #expect(throws: OnInstanceError.self) { try FirstBoot.document(for: Self.request(script)) }
        #expect(error?.code == .documentTooLarge)
        #expect(error?.message.contains("60010") == true)
        #expect(error?.message.contains("65536") == true)
        let fits = StartupScript(text: "#!/bin/sh\n" + String(repeating: "# 345678\n", count: 5000))
        #expect(throws: Never.self) { try FirstBoot.document(for: Self.request(fits)) }
    }

    @Test(arguments: ["root; reboot", "", "-x", "a b"])
    func aUserNameIsNoShellText(user: String) {
        #expect(throws: OnInstanceError.self) { try FirstBoot.document(for: Self.request(nil, user: user)) }
    }

    /// Runs the embedded scripts themselves, as this user, below a root of their own.
    @Test(arguments: [
        ("#!/bin/bash\necho out; echo err >&2; [[ 1 == 1 ]] && exit 5", Int32(5)), ("echo out; echo err", 0),
    ])
    func theScriptsStatusAndOutputAreKept(script: String, code: Int32) async throws {
        let instance = try await TestInstance(startup: nil, installed: false)
        let user = try await instance.run(RemoteStep(command: "id -un")).line
        let document = Self.text(
            try FirstBoot.document(for: Self.request(StartupScript(text: script), user: user)))
        let final = try #require(Self.block(after: "content: |-", in: document))
        try instance.write("first-boot.sh", final)
        try instance.write("startup-script", script)
        try instance.write("startup.kind", "script\n")
        try instance.write("startup.lock", "")
        let waiting = try instance.begin(instance.supervisor.awaitStartup())
        // The home of whoever runs the tests is not touched: their key file is asked for by `getent` only.
        let quiet = final.replacingOccurrences(of: "home=$(getent passwd \"$user\" | cut -d : -f 6)", with: "home=")
        try instance.write("first-boot.sh", quiet)
        let boot = try await instance.run(RemoteStep(command: "sh '\(instance.state)/first-boot.sh'"))
        #expect(boot.code == code)
        #expect(StageStatus.parse(try await waiting.end().text)?.result == .exited(code))
        let log = try await instance.run(instance.supervisor.startupLog(offset: 0))
        #expect(log.text == "out\nerr\n")
        #expect(try await instance.run(instance.supervisor.startupLog(offset: 4)).text == "err\n")
        // Again (a reboot): it does not run twice.
        _ = try await instance.run(RemoteStep(command: "sh '\(instance.state)/first-boot.sh'"))
        #expect(try await instance.run(instance.supervisor.startupLog(offset: 0)).text == "out\nerr\n")
    }

    static func block(after mark: String, in text: String) -> String? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasSuffix(mark) }) else { return nil }
        let body = lines[(start + 1)...].prefix { $0.isEmpty || $0.hasPrefix("      ") }
        return body.map { String($0.dropFirst(6)) }.joined(separator: "\n") + "\n"
    }
}

@Suite(.timeLimit(.minutes(1)))
struct StartupTests {
    @Test func noScriptIsAnEndAtOnce() async throws {
        let instance = try await TestInstance(startup: "none", installed: false)
        let answer = try await instance.run(instance.supervisor.awaitStartup())
        #expect(StageStatus.parse(answer.text) == StageStatus(result: .exited(0)))
        #expect(instance.exists("\(instance.state)/supervisor.sh"))
    }

    @Test(arguments: [("[]", Int32(0)), ("[\"('scripts_user', RuntimeError('x'))\"]", 1)])
    func cloudInitsResultDecides(errors: String, code: Int32) async throws {
        let instance = try await TestInstance(startup: "cloud-config", installed: false)
        let waiting = try instance.begin(instance.supervisor.awaitStartup())
        let folder = "\(instance.root)/cloud-init"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let json = "{\n \"v1\": {\n  \"datasource\": \"DataSourceNone\",\n  \"errors\": \(errors)\n }\n}\n"
        try Data(json.utf8).write(to: URL(fileURLWithPath: "\(folder)/new"))
        rename("\(folder)/new", "\(folder)/result.json")
        let answer = try await waiting.end()
        #expect(StageStatus.parse(answer.text)?.result == .exited(code))
        #expect(answer.errors.contains("scripts_user") == (code != 0))
    }

    @Test func aScriptThatDiedWithItsLockIsUnknown() async throws {
        let instance = try await TestInstance(startup: "script", installed: false)
        try instance.write("startup.lock", "")
        try instance.write("startup.began", "")
        let answer = try await instance.run(instance.supervisor.awaitStartup())
        #expect(StageStatus.parse(answer.text)?.result == .unknown)
    }
}

struct StageStatusTests {
    @Test func foreignTextIsNoStatus() {
        for text in [
            "", "\n", "exit", "exit x", "exit 256", "exit -1", "success", "exit 0 stdout 1",
            "exit 0 stdout 1 ab stderr 2 cd",
        ] {
            #expect(StageStatus.parse(text) == nil)
        }
    }

    @Test func paddingBehindTheLineIsNotRead() {
        let digest = String(repeating: "a", count: 64)
        let status = StageStatus.parse("timeout stdout 1 \(digest) stderr 0 \(digest)\n     \n")
        #expect(status?.result == .timedOut)
        #expect(status?.stdout == SealedLog(bytes: 1, sha256: digest))
    }
}
