import CloudModel
import Testing

@testable import LocalCloud

@Suite struct FirstBootReaderTests {
    @Test func cloudConfig() {
        let text = """
            #cloud-config
            ssh_keys: {ed25519_private: "SECRET", ed25519_public: "ssh-ed25519 X"}
            ssh_authorized_keys: ["ssh-ed25519 K"]
            write_files:
              - {path: /a/b, content: aGk=, encoding: b64, permissions: 0755, append: true}
              - {path: /late, content: x, defer: true}
              - {path: relative}
            bootcmd: [ "echo it's" ]
            runcmd:
              - [ touch, "a b" ]
              - echo 1
            packages: [jq]
            swap: {size: 1}
            """
        let plan = FirstBootReader.plan(metadata: .init(startupScript: text), registeredKeys: ["ssh-rsa R"])
        #expect(Set(plan.hostKeys.map(\.name)) == ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"])
        #expect(plan.authorizedKeys == ["ssh-rsa R", "ssh-ed25519 K"])
        #expect(plan.files.map(\.path) == ["/a/b"])
        #expect(plan.files.first?.content == Array("hi".utf8))
        #expect(plan.files.first?.permissions == "0755")
        #expect(plan.files.first?.appends == true)
        #expect(plan.deferredFiles.map(\.path) == ["/late"])
        #expect(plan.bootCommands == ["echo it's"])
        #expect(plan.runCommands == ["'touch' 'a b'", "echo 1"])
        #expect(plan.packages == ["jq"])
        #expect(plan.warnings.contains { $0.contains("swap") })
        #expect(plan.errors.count == 1)
    }

    @Test func laterPartsReplaceUnlessTheySayAppend() {
        func part(_ text: String) -> InstanceRequest.Part { .init(type: "text/cloud-config", content: text) }
        let replaced = FirstBootReader.plan(
            metadata: .init(userData: [part("runcmd: [a]"), part("runcmd: [b]")]), registeredKeys: [])
        #expect(replaced.runCommands == ["b"])
        let appended = FirstBootReader.plan(
            metadata: .init(userData: [
                part("runcmd: [a]"), part("merge_how: 'list(append)+dict(recurse_array)+str()'\nruncmd: [b]"),
            ]), registeredKeys: [])
        #expect(appended.runCommands == ["a", "b"])
    }

    @Test func scriptsRunSortedByName() {
        let plan = FirstBootReader.plan(
            metadata: .init(userData: [
                .init(type: "text/cloud-config", content: "runcmd: [x]"),
                .init(type: "text/x-shellscript", content: "#!/bin/sh\n"),
                .init(type: "text/x-shellscript", filename: "zz/z.sh", content: "#!/bin/sh\n"),
            ]), registeredKeys: [])
        #expect(plan.finalScripts.map(\.name) == ["part-002", "runcmd", "z.sh"])
    }

    @Test func nonsenseIsReportedNotFatal() {
        let plan = FirstBootReader.plan(metadata: .init(startupScript: "#cloud-config\na: [1"), registeredKeys: [])
        #expect(plan.errors.count == 1)
        let other = FirstBootReader.plan(metadata: .init(startupScript: "echo hi"), registeredKeys: [])
        #expect(other.warnings.count == 1 && other.scripts.isEmpty)
    }
}
