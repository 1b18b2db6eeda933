import ArgumentParser
import Foundation
import GenesisCloud
import MayflyCore
import Testing

@testable import MayflyCommands

@Suite struct ResourceParsingTests {
    private static let create = "instance create web --type t --ssh-key k"

    private func parse<Command>(_ arguments: String, as type: Command.Type) throws -> Command {
        let words = arguments.split(separator: " ").map(String.init)
        return try #require(try MayflyRoot.parseAsRoot(words) as? Command)
    }

    private func refusal(_ arguments: String) throws -> String {
        let words = arguments.split(separator: " ").map(String.init)
        let error = try #require(throws: (any Error).self) { try MayflyRoot.parseAsRoot(words) }
        #expect(MayflyRoot.exitCode(for: error).rawValue == 64)
        return MayflyRoot.fullMessage(for: error)
    }

    @Test(arguments: [
        ("instance create web --type t --ssh-key k", InstanceCommand.Create.self as any ParsableCommand.Type),
        ("instance list", ListResources<Instance>.self), ("instance ls -q", ListResources<Instance>.self),
        ("instance show web", ShowResource<Instance>.self), ("instance get web", ShowResource<Instance>.self),
        ("instance update web --name x", InstanceCommand.Update.self),
        ("instance start a b", InstanceCommand.Start.self),
        ("instance stop a --wait", InstanceCommand.Stop.self), ("instance reset a", InstanceCommand.Reset.self),
        ("instance actions a --json", InstanceCommand.Actions.self),
        ("instance snapshot a name", InstanceCommand.TakeSnapshot.self),
        ("instance snapshots a", InstanceCommand.Snapshots.self),
        ("instance destroy a -y", InstanceCommand.Destroy.self),
        ("instance rm a -y", InstanceCommand.Destroy.self),
        ("ssh-key create k f.pub", SSHKeyCommand.Create.self), ("ssh-key ls", ListResources<SSHKey>.self),
        ("ssh-key update k --name x", SSHKeyCommand.Rename.self), ("ssh-key rm k", DeleteResources<SSHKey>.self),
        ("image ls", ListResources<Image>.self), ("image show ubuntu", ShowResource<Image>.self),
        ("snapshot ls", ListResources<Snapshot>.self), ("snapshot update s --name x", SnapshotCommand.Rename.self),
        ("snapshot clone s copy --region R", SnapshotCommand.Clone.self),
        ("snapshot import s https://h/x --size 9", SnapshotCommand.Import.self),
        ("snapshot delete s", DeleteResources<Snapshot>.self),
        ("volume create v --size 10 --wait", VolumeCommand.Create.self),
        ("volume update v --size 20", VolumeCommand.Update.self), ("volume rm v", DeleteResources<Volume>.self),
        ("filesystem create f --size 10", FilesystemCommand.Create.self),
        ("filesystem update f --description x", FilesystemCommand.Update.self),
        ("security-group create g --rule tcp:22", SecurityGroupCommand.Create.self),
        ("security-group update g --rule icmp", SecurityGroupCommand.Update.self),
        ("floating-ip create f", FloatingIPCommand.Create.self),
        ("floating-ip update f --name x", FloatingIPCommand.Update.self),
        ("floating-ip ls --json", ListResources<FloatingIP>.self),
        ("availability NORD-NO-KRS-1 --all", AvailabilityCommand.self), ("quota", QuotaCommand.self),
        ("reservation", ReservationCommand.self), ("types --gpu --free", TypesCommand.self),
        ("doctor --json --cloud local", DoctorCommand.self),
    ])
    func everyCommandIsFoundAndRuns(_ arguments: String, _ type: any ParsableCommand.Type) throws {
        let command = try MayflyRoot.parseAsRoot(arguments.split(separator: " ").map(String.init))
        #expect(Swift.type(of: command) == type)
        #expect(command is any MayflyCommand)
    }

    @Test func exactlyOneWayToLogIn() throws {
        #expect(try refusal("instance create web --type t").contains("How will you log in?"))
        #expect(try refusal(Self.create + " --password-stdin").contains("either SSH keys or a password"))
        #expect(
            try parse("instance create web --type t --password-stdin", as: InstanceCommand.Create.self).login.password)
        #expect(try refusal("instance create web --type t --password x").contains("--password"), "never in argv")
    }

    @Test func optionsThatContradictEachOther() throws {
        #expect(try refusal(Self.create + " --startup-script a --user-data text/x:b").contains("not both"))
        #expect(try refusal(Self.create + " --security-group a --no-security-groups").contains("one of"))
        #expect(try refusal("instance ls --json -q").contains("one of"))
        #expect(try refusal("instance update web").contains("what to change"))
        #expect(try refusal("instance update web --volume a --detach-volume b").contains("one of"))
        #expect(try refusal("volume update v").contains("what to change"))
        #expect(try refusal("instance destroy").contains("name-or-id"))
        #expect(
            try refusal("instance create web --type t --password-stdin --startup-script -").contains("from stdin"))
    }

    @Test func whatAnUpdateChanges() throws {
        let update = try parse("instance update web --no-protected --disk-size 128", as: InstanceCommand.Update.self)
        #expect(update.protected == false && update.diskSize == 128 && update.groups.change.isEmpty)
        #expect(try parse("instance update web --name x", as: InstanceCommand.Update.self).protected == nil)
        let lists = try parse(
            "instance update web --attach-volume a --attach-volume b --no-security-groups",
            as: InstanceCommand.Update.self)
        #expect(lists.volumes.change.attach == ["a", "b"] && lists.groups.change.none)
    }

    @Test func defaults() throws {
        let create = try parse(Self.create, as: InstanceCommand.Create.self)
        #expect(create.machine.region == "NORD-NO-KRS-1" && create.machine.image == "ubuntu-22.04")
        #expect(!create.waiting.isAsked)
        let waits = try parse(Self.create + " --timeout 5m", as: InstanceCommand.Create.self)
        #expect(waits.waiting.isAsked && waits.waiting.limit(.seconds(1)) == .seconds(300))
    }

    @Test(arguments: [
        ("web", "web"), ("My Genesis Cloud instance", "my-genesis-cloud-instance"), ("-a_b.c-", "a-b-c"),
        ("größe", "gr-e"),
        ("...", "instance"), (String(repeating: "x", count: 80), String(repeating: "x", count: 63)),
    ])
    func hostNamesAreMadeOfNames(_ name: String, _ expected: String) {
        #expect(InstanceCommand.Create.hostname(for: name) == expected)
    }

    @Test(arguments: [
        ("tcp:22", "tcp:22"), ("UDP:5000-5100", "udp:5000-5100"), ("icmp", "icmp"), ("ingress:all", "all"),
        ("egress:tcp:443", "egress:tcp:443"), ("tcp:80-80", "tcp:80"),
    ])
    func rules(_ text: String, _ expected: String) throws {
        #expect(RuleArgument.text(try #require(RuleArgument(argument: text)).rule) == expected)
    }

    @Test(arguments: ["", "tcp:", "tcp:0", "tcp:70000", "tcp:9-8", "tcp:1-2-3", "smtp", "tcp:22:23", "egress", "tcp:x"])
    func rulesThatAreNone(_ text: String) {
        #expect(RuleArgument(argument: text) == nil)
    }

    @Test func userDataNamesATypeAndAFile() {
        #expect(UserDataArgument(argument: "text/cloud-config:a:b.yaml")?.file == "a:b.yaml")
        for text in ["a.yaml", "cloud-config:a.yaml", "text/x:", ":a"] {
            #expect(UserDataArgument(argument: text) == nil, "\(text)")
        }
    }

    @Test func anUnconfirmedDestructionIsRefused() throws {
        let context = Samples.context()
        try #require(!context.console.stdinIsTerminal)
        let error = try #require(throws: CommandError.self) {
            try context.confirm("destroy instance web", ConfirmOptions.parse([]))
        }
        #expect(error.exitCode == 64 && error.message.contains("-y"))
        try context.confirm("destroy instance web", ConfirmOptions.parse(["-y"]))
    }

    @Test func aPrivateKeyGoesNowhere() throws {
        let folder = try ScratchFolder()
        func key(_ text: String) throws -> String {
            let file = UUID().uuidString
            try folder.append(Array(text.utf8), to: file)
            return try SSHKeyCommand.Create.publicKey(in: "\(folder.path)/\(file)", Samples.context())
        }
        #expect(try key("# mine\nssh-ed25519 AAAA me@here\n\n") == "ssh-ed25519 AAAA me@here")
        for text in ["-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n", "one", "", "ssh-ed25519 A\nssh-ed25519 B\n"] {
            let error = try #require(throws: CommandError.self) { try key(text) }
            #expect(!error.message.contains("secret") && error.exitCode == 64)
        }
    }

    @Test func completionScriptsKnowTheCommands() {
        for shell in [CompletionShell.bash, .zsh, .fish] {
            let script = MayflyRoot.completionScript(for: shell)
            #expect(script.contains("security-group") && script.contains("attach-volume"), "\(shell)")
        }
    }
}
