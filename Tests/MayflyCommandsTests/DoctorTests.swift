import Adapters
import GenesisCloud
import Keeper
import MayflyCore
import Testing

@testable import MayflyCommands

@Suite struct DoctorTests {
    private static let now = WallTime(rawValue: 784_111_777_000)

    /// A machine on which everything is right.
    private func healthy(_ change: (inout DoctorFacts) -> Void = { _ in }) -> DoctorFacts {
        var facts = DoctorFacts(
            home: DoctorFacts.Home(path: "/h", freeBytes: 50_000_000_000),
            token: DoctorFacts.Token(endpoint: Endpoint.genesisCloud, source: "GENESISCLOUD_TOKEN"), cloud: .genesis,
            probe: DoctorFacts.Probe(
                endpoint: Endpoint.genesisCloud, isLoopback: false, duration: .milliseconds(87),
                serverTime: Self.now, localTime: Self.now.advanced(by: .milliseconds(700))),
            background: BackgroundFacts(), build: "b1", tools: ["sshd", "ssh-keygen", "bwrap", "unshare", "mount"],
            isRoot: false, ssh: DoctorFacts.SSHLibrary(version: "1.10.0", package: "1.10.0-3+deb12u1"))
        change(&facts)
        return facts
    }

    private func finding(_ check: String, _ change: (inout DoctorFacts) -> Void = { _ in }) throws -> Finding {
        try #require(healthy(change).findings.first { $0.check == check }, "no line about \(check)")
    }

    @Test func everythingRight() {
        let findings = healthy().findings
        #expect(findings.filter { $0.state != .ok } == [])
        #expect(
            findings.map(\.check) == [
                "home", "disk", "token", "cloud", "api", "rate limit", "clock", "keeper", "local cloud",
                "local instances", "ssh",
            ])
    }

    @Test func whateverIsNotRightSaysWhatToDo() {
        let ill = healthy {
            $0.home = DoctorFacts.Home(path: "/h", mode: 0o755, freeBytes: 1_000_000_000)
            $0.token.source = nil
            $0.probe?.error = GenesisCloudError(code: .connection, message: "no")
            $0.probe?.localTime = Self.now.advanced(by: .seconds(4000))
            $0.background.keeper = BackgroundFacts.Process(pid: 1, build: "b0")
            $0.background.localCloud = BackgroundFacts.Process(pid: 2, build: "b0", backend: "isolated")
            $0.tools = []
            $0.ssh = DoctorFacts.SSHLibrary(version: "1.9.0")
        }
        for finding in ill.findings where finding.state != .ok { #expect(finding.next?.isEmpty == false) }
        #expect(ill.findings.filter { $0.state == .ok }.map(\.check) == ["cloud", "rate limit"])
    }

    @Test func theHomeFolder() throws {
        #expect(try finding("home") { $0.home.isOwn = false }.state == .problem)
        #expect(try finding("home") { $0.home.isWritable = false }.state == .problem)
        let open = try finding("home") { $0.home.mode = 0o755 }
        #expect(open.state == .warning && open.message.contains("0755") && open.next == "`chmod 700 /h`")
        #expect(try finding("home") { $0.home.trouble = "it is a file" }.message == "it is a file")
        #expect(try finding("disk") { $0.home.freeBytes = 1_000_000 }.state == .problem)
        #expect(try finding("disk") { $0.home.freeBytes = 2_000_000_000 }.state == .warning)
    }

    @Test func theToken() throws {
        #expect(try finding("token") { $0.token.trouble = "open to others" }.state == .problem)
        #expect(try finding("token") { $0.token.source = nil }.state == .warning)
        let local = try finding("token") {
            $0.token.source = nil
            $0.cloud = .local
        }
        #expect(local.state == .ok, "who names the local cloud needs none")
        #expect(try finding("cloud") { $0.choiceTrouble = "no token: MAYFLY_CLOUD asks for it" }.state == .problem)
    }

    @Test(arguments: [
        (0, Finding.State.ok, ""), (4, .ok, ""), (30, .warning, "29s ahead of"), (-30, .warning, "30s behind"),
        (4000, .problem, "ahead of"), (-4000, .problem, "behind"),
    ])
    func theClock(_ skew: Int, _ state: Finding.State, _ words: String) throws {
        let finding = try finding("clock") { $0.probe?.localTime = Self.now.advanced(by: .seconds(skew)) }
        #expect(finding.state == state)
        #expect(finding.message.contains(words), "\(finding.message)")
    }

    @Test func theAPI() throws {
        #expect(try finding("api").message.contains("TLS verified"))
        func of(_ code: GenesisCloudError.Code, _ message: String = "m") throws -> Finding {
            try finding("api") { $0.probe?.error = GenesisCloudError(code: code, message: message) }
        }
        #expect(try of(.unauthorized).next?.contains("login") == true)
        #expect(try of(.connection, "certificate verify failed").next?.contains("ca-certificates") == true)
        #expect(try of(.notFound).next?.contains("GENESISCLOUD_ENDPOINT") == true)
        #expect(try of(.rateLimited).state == .warning)
        #expect(try of(.server).state == .problem)
        let noAnswer = healthy {
            $0.probe?.serverTime = nil
            $0.probe?.error = GenesisCloudError(code: .connection, message: "m")
        }
        #expect(!noAnswer.findings.contains { $0.check == "clock" }, "nothing is known of the cloud's clock")
    }

    @Test func theProxy() throws {
        let proxy = DoctorGathering.proxy(["HTTPS_PROXY": "http://user:hush@proxy.example:3128/", "ALL_PROXY": "x"])
        #expect(proxy == DoctorFacts.Proxy(variable: "HTTPS_PROXY", address: "proxy.example:3128"))
        #expect(DoctorGathering.proxy(["https_proxy": ""]) == nil)
        let finding = try finding("proxy") { $0.proxy = proxy }
        #expect(finding.state == .ok && !finding.message.contains("hush"))
        let onLoopback = healthy {
            $0.proxy = proxy
            $0.probe?.isLoopback = true
        }
        #expect(!onLoopback.findings.contains { $0.check == "proxy" }, "loopback is reached directly")
    }

    @Test func theBackgroundProcesses() throws {
        let same = BackgroundFacts.Process(pid: 7, build: "b1", backend: "isolated")
        let other = BackgroundFacts.Process(pid: 7, build: "b0", backend: "isolated")
        #expect(try finding("keeper") { $0.background.keeper = same }.state == .ok)
        #expect(try finding("keeper") { $0.background.keeper = other }.state == .warning)
        #expect(try finding("local cloud") { $0.background.localCloud = same }.message.contains("isolated"))
        #expect(try finding("local cloud") { $0.background.localCloud = other }.state == .warning)
    }

    @Test func localInstances() throws {
        let noServer = try finding("local instances") { $0.tools.remove("sshd") }
        #expect(noServer.state == .warning && noServer.next == "`apt install openssh-server`")
        let needed = try finding("local instances") {
            $0.tools.remove("bwrap")
            $0.cloud = .local
        }
        #expect(needed.state == .problem && needed.next == "`apt install bubblewrap`")
        let root = try finding("local instances") {
            $0.tools.remove("bwrap")
            $0.isRoot = true
        }
        #expect(root.state == .ok)
    }

    @Test(arguments: [
        ("1.8.0", nil as String?, Finding.State.problem, "CVE-2019-17498"),
        ("1.10.0", "1.10.0-3+deb12u1", .ok, "Ed25519"),
        ("1.10.0", "1.10.0-3+b1", .warning, "CVE-2025-15661"), ("1.10.0", nil, .warning, "CVE-2026-58050"),
        ("1.11.0", "1.11.0-4.1build2", .warning, "CVE-2023-48795"), ("1.11.1", nil, .warning, "CVE-2026-55200"),
        ("1.11.2_DEV", nil, .ok, "no hole"), ("2.0.0", nil, .ok, "no hole"), ("unknown", nil, .warning, "nothing"),
    ])
    func theSSHLibrary(_ version: String, _ package: String?, _ state: Finding.State, _ words: String) throws {
        let finding = try finding("ssh") { $0.ssh = DoctorFacts.SSHLibrary(version: version, package: package) }
        #expect(finding.state == state, "\(finding)")
        #expect(finding.message.contains(words), "\(finding.message)")
    }

    @Test func theLibraryOfThisProcessIsNamed() {
        #expect(BackgroundFacts.sshLibrary.split(separator: ".").count == 3)
    }

    @Test func lines() {
        let lines = DoctorCommand.lines(
            [.ok("home", "yours"), .problem("local cloud", "a\u{1B}b", next: "c")], style: Style(isColored: false))
        #expect(
            lines == [
                "ok       home         yours", "problem  local cloud  a^[b",
                String(repeating: " ", count: 22) + "do: c",
            ])
    }

    @Test func datesOfHTTP() {
        #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == WallTime(rawValue: 784_111_777_000))
        #expect(HTTPDate.parse("Thu, 29 Feb 2024 23:59:60 GMT") == WallTime(rawValue: 1_709_251_200_000))
        for text in [
            "", "now", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 99 Nov 1994 1:2:3 GMT",
        ] {
            #expect(HTTPDate.parse(text) == nil, "\(text)")
        }
    }
}
