import Adapters
import MayflyCore
import Testing

@testable import MayflyCommands

@Suite struct AccessTests {
    @Test func whatStandsBeforeTheFirstColonIsAJob() {
        #expect(CopyPath("41:model.pt") == .job(.number(JobID(rawValue: 41)), "model.pt"))
        #expect(CopyPath("last:/var/log/x:y") == .job(.last, "/var/log/x:y"))
        #expect(CopyPath("train:") == .job(.name("train"), ""))
        #expect(CopyPath("train:~/x") == .job(.name("train"), "~/x"))
        for path in ["model.pt", "./a:b", "/tmp/a:b", "runs/41:x", ":x"] { #expect(CopyPath(path) == .here(path)) }
    }

    @Test func portsAreNamedShortOrLong() {
        #expect(ForwardedPort(argument: "8888").map { [$0.here, $0.port] } == [8888, 8888])
        #expect(ForwardedPort(argument: "0:8888").map { [$0.here, $0.port] } == [0, 8888])
        let far = ForwardedPort(argument: "9000:db.internal:5432")
        #expect(far?.host == "db.internal" && far?.here == 9000 && far?.port == 5432)
        for text in ["", "x", "0", "70000", "1:2:3:4", "1:", ":1", "1::2", "-1", "99999:1"] {
            #expect(ForwardedPort(argument: text) == nil, "\(text)")
        }
    }

    @Test func sshConfigIsQuoted() {
        #expect(SSHConfigText.option("IdentityFile", "/home/a b/50%") == "IdentityFile=\"/home/a b/50%%\"")
        #expect(
            SSHConfigText.entry(["mayfly-1", "mayfly-x"], [("Port", "22")]) == "Host mayfly-1 mayfly-x\n    Port 22\n\n"
        )
    }
}
