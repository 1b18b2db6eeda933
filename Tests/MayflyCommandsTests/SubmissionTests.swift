import ArgumentParser
import Foundation
import Keeper
import MayflyCore
import Testing

@testable import MayflyCommands

@Suite struct SecretResolverTests {
    private func values(_ source: SecretReference.Source, _ environment: [String: String] = [:]) async throws -> String
    {
        var job = Samples.definition()
        job.secrets = [SecretReference(name: "S", source: source)]
        let values = try await SecretResolver(environment: environment).values(of: job)
        return try #require(values.first).value
    }

    @Test func fromEnvironmentFileAndCommand() async throws {
        let folder = try ScratchFolder()
        try folder.append(Array("two\n\n".utf8), to: "secret")
        #expect(try await values(.environment("X"), ["X": "one"]) == "one")
        #expect(try await values(.file("\(folder.path)/secret")) == "two\n", "one trailing newline is removed")
        #expect(try await values(.command("printf 'three\\n'")) == "three")
    }

    @Test(arguments: [
        SecretReference.Source.environment("MISSING"), .file("/no/such/file"), .command("exit 3"),
        .command("printf '\\377'"), .command("printf 'a\\0b'"),
    ])
    func whatCannotBeFoundIsNamed(_ source: SecretReference.Source) async throws {
        let error = await #expect(throws: CommandError.self) { try await values(source) }
        #expect(error?.message.hasPrefix("secret S of train: ") == true)
        #expect(error?.exitCode == 64)
    }
}

@Suite struct CredentialsTests {
    @Test func areOnlyReadWhereNobodyElseCan() throws {
        let folder = try ScratchFolder()
        let home = MayflyHome(root: folder.path)
        #expect(try Credentials.read(home).tokens.isEmpty)
        try Credentials(tokens: ["https://h/compute/v1": "t0ken"]).write(home)
        let attributes = try FileManager.default.attributesOfItem(atPath: home.credentials)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try Credentials.read(home).tokens == ["https://h/compute/v1": "t0ken"])
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: home.credentials)
        #expect(throws: CommandError.self) { try Credentials.read(home) }
    }

    @Test func aDamagedFileIsNotQuoted() throws {
        let folder = try ScratchFolder()
        let home = MayflyHome(root: folder.path)
        try Paths.write(Array("{\"tokens\": s3cret".utf8), toPrivateFile: home.credentials)
        let error = #expect(throws: CommandError.self) { try Credentials.read(home) }
        #expect(error?.message.contains("s3cret") == false)
    }

    @Test func theEnvironmentComesFirst() throws {
        let folder = try ScratchFolder()
        let home = MayflyHome(root: folder.path)
        try Credentials(tokens: [Endpoint.genesisCloud: "stored", "https://h/compute/v1": "other"]).write(home)
        #expect(try Samples.context().token(home)?.token == "stored")
        let context = Samples.context(["GENESISCLOUD_TOKEN": "given\n"])
        #expect(try context.token(home)?.token == "given")
        #expect(try context.allTokens(home).map(\.token) == ["given", "other"])
        #expect(try Samples.context(["GENESISCLOUD_ENDPOINT": "https://h"]).token(home)?.token == "other")
        #expect(throws: CommandError.self) { try Samples.context(["GENESISCLOUD_TOKEN": "a b"]).token(home) }
    }
}

@Suite struct PlanTests {
    @Test func saysWhatEndsItWithoutContact() {
        var job = Samples.definition()
        job.code = FrozenCode(
            sha256: String(repeating: "ab", count: 32), byteCount: 23_400, fileCount: 14, gitCommit: "0123456789abcdef",
            gitDirty: true)
        let lines = PlanText.lines(
            [job], cloud: CloudReference(kind: .local, endpoint: ""), limit: 1, style: Style(isColored: false))
        let expected: [String] = [
            "plan: 1 job on the local cloud (instances on this machine)",
            "  train  vcpu-2_memory-4g, image ubuntu-24.04, region NORD-NO-KRS-1",
            "    code    14 files, 23.4 KB, sha256 abababababab, git 0123456789ab with uncommitted changes",
            "    clocks  provision 30m, setup 30m, run 1d, collect 30m, snapshot 20m",
        ]
        #expect(Array(lines.dropLast()) == expected)
        let lastResort = "    if all contact is lost: the command ends after 1d, and the instance shuts itself down "
        #expect(lines.last == lastResort + "1d4h20m after its creation")
    }

    @Test func manyJobsStayShort() {
        let jobs = (1...40).map { Samples.definition(name: "j\($0)") }
        let lines = PlanText.lines(
            jobs, cloud: CloudReference(kind: .genesis, endpoint: "https://h"), limit: 20,
            style: Style(isColored: false))
        #expect(lines.first == "plan: 40 jobs, 20 at a time, on Genesis Cloud at https://h")
        #expect(lines.count == 42)
    }

    @Test func tables() {
        let lines = ListCommand.table([Samples.finished(), Samples.job(42)], now: Samples.moment(3600))
        #expect(lines.count == 3)
        #expect(lines[1].hasPrefix("41   train  local  succeeded  0     1m 12s"))
        #expect(lines[2].hasPrefix("42   train  local  queued     -     1h 00m"))
        #expect(!DetailText.lines(Samples.finished(), now: Samples.moment(0), style: Style(isColored: false)).isEmpty)
    }
}

@Suite struct ContextTests {
    @Test func pathsAndVariables() throws {
        let context = Samples.context(["HOME": "/home/u", "A": "1"])
        #expect(context.absolute("a/../b") == "/tmp/b")
        #expect(context.absolute("~/x") == "/home/u/x")
        #expect(context.absolute("/../a//b/.") == "/a/b")
        let loader = try SpecLoader(context: context, environment: ["A", "B=x=y"])
        #expect(loader.environment.map(\.value) == ["1", "x=y"])
        for bad in ["MISSING", "1A=x", "=x", "A-B=x"] {
            #expect(throws: CommandError.self) { try SpecLoader(context: context, environment: [bad]) }
        }
    }

    @Test func theHomeIsPrivate() throws {
        let folder = try ScratchFolder()
        let context = Samples.context(["MAYFLY_HOME": "\(folder.path)/a/b"])
        let home = try context.home(GlobalOptions.parse([]))
        #expect(home.root == "\(folder.path)/a/b")
        let attributes = try FileManager.default.attributesOfItem(atPath: home.root)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        #expect(throws: CommandError.self) { try Samples.context().home(GlobalOptions.parse([])) }
    }
}

@Suite struct ResultsClaimTests {
    private func job(in parent: String) -> NewJob {
        NewJob(
            definition: Samples.definition(), cloud: CloudReference(kind: .local, endpoint: ""), resultsParent: parent,
            submission: "s", submissionLimit: 1, submittedAt: Samples.start)
    }

    @Test("whatever lies where results would go stays, and the job takes another number")
    func others() throws {
        let folder = try ScratchFolder()
        let parent = "\(folder.path)/new/results"
        try FileManager.default.createDirectory(atPath: "\(parent)/train-1", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(parent)/train-2", withDestinationPath: "/nowhere")
        let claims = ResultsClaims()
        #expect(try !claims.claim(job(in: parent), JobID(rawValue: 1)))
        #expect(try !claims.claim(job(in: parent), JobID(rawValue: 2)))
        #expect(try claims.claim(job(in: parent), JobID(rawValue: 3)))
        #expect(try !ResultsClaims().claim(job(in: parent), JobID(rawValue: 3)), "another home's submission")
        claims.release()
        #expect(try FileManager.default.contentsOfDirectory(atPath: parent).sorted() == ["train-1", "train-2"])
    }

    @Test("a place that cannot be used is told before anything is stored")
    func unusable() throws {
        let folder = try ScratchFolder()
        try folder.append(Array("x".utf8), to: "file")
        let error = #expect(throws: CommandError.self) { try ResultsClaims.prepare("\(folder.path)/file") }
        #expect(error?.message.contains("\(folder.path)/file") == true)
    }
}
