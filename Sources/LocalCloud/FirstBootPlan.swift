/// What the first boot of an instance has to do, in cloud-init's terms, drawn from the create request.
struct FirstBootPlan: Hashable, Sendable {
    struct File: Hashable, Sendable {
        var path: String
        var content: [UInt8]
        var isGzipped: Bool
        var permissions: String
        var owner: String
        var appends: Bool
    }

    struct Script: Hashable, Sendable {
        var name: String
        var content: String
    }

    /// File name (`ssh_host_ed25519_key`) and content.
    var hostKeys: [Script] = []
    var authorizedKeys: [String] = []
    var files: [File] = []
    /// Files with `defer: true`: written in the final stage.
    var deferredFiles: [File] = []
    /// Shell lines.
    var bootCommands: [String] = []
    /// Shell lines; run as the script `runcmd`, sorted by name among the others, as cloud-init does.
    var runCommands: [String] = []
    var packages: [String] = []
    var updatesPackages = false
    var scripts: [Script] = []
    /// Said aloud in the instance's boot log.
    var warnings: [String] = []
    /// Reported in `result.json`.
    var errors: [String] = []

    /// All scripts of the final stage in the order of their run.
    var finalScripts: [Script] {
        var all = scripts
        if !runCommands.isEmpty {
            all.append(Script(name: "runcmd", content: "#!/bin/sh\n" + runCommands.joined(separator: "\n") + "\n"))
        }
        return all.sorted { $0.name < $1.name }
    }
}

/// Words for `sh`.
enum Shell {
    static func quoted(_ word: String) -> String {
        "'"
            + word.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }
}
