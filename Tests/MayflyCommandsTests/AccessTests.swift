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

    @Test func theInstanceDoesNotChooseTheNames() {
        func covers(_ asked: String, _ item: String, of count: Int) -> Bool {
            AskedName(asked).covers(Array(item.utf8), among: count)
        }
        #expect(AskedName("ckpt/last.pt").name == "last.pt")
        #expect(covers("ckpt/last.pt", "step100.pt", of: 1), "what a link leads to has its own name")
        #expect(!covers("model.pt", "model.pt", of: 2) && !covers("model.pt", ".bashrc", of: 2))
        #expect(covers("*.pt", "a.pt", of: 5) && !covers("*.pt", ".bashrc", of: 5) && !covers("*", ".ssh", of: 2))
        #expect(covers("runs/*/m.csv", "1", of: 3) && AskedName("runs/*/m.csv").name == nil)
        #expect(covers("[1]*", "[1]*", of: 1), "a name that exists")
        #expect(AskedName("").name == "work" && AskedName("~").name == nil && AskedName("..").name == nil)
        #expect(covers("~", "ubuntu", of: 1) && !covers("~", ".ssh", of: 1))
    }

    @Test func sshConfigIsQuoted() {
        #expect(SSHConfigText.option("IdentityFile", "/home/a b/50%") == "IdentityFile=\"/home/a b/50%%\"")
        #expect(
            SSHConfigText.entry(["mayfly-1", "mayfly-x"], [("Port", "22")]) == "Host mayfly-1 mayfly-x\n    Port 22\n\n"
        )
    }
}
