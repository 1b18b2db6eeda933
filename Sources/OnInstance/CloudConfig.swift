import MayflyCore

/// The cloud-config texts of first boot.
struct CloudConfig {
    private let request: FirstBoot.Request
    private let scripts: FirstBootScripts

    init(_ request: FirstBoot.Request) {
        self.request = request
        scripts = FirstBootScripts(request)
    }

    /// Everything in one document.
    var whole: String { "#cloud-config\n" + hostKeys + body }

    /// The part before the user's: the host key must stand whatever theirs says.
    var keys: String { "#cloud-config\n" + hostKeys }

    /// The part after the user's: cloud-init's default would replace their lists by ours.
    var afterUsers: String {
        """
        #cloud-config
        merge_how:
          - name: list
            settings: [append]
          - name: dict
            settings: [no_replace, recurse_list, recurse_array]
          - name: str
            settings: [no_replace]

        """ + hostKeys + body
    }

    /// With `ssh_keys` cloud-init makes no keys of its own; it deletes those a snapshot brought along.
    private var hostKeys: String {
        """
        ssh_deletekeys: true
        disable_root: \(request.user == "root" ? "false" : "true")
        ssh_keys:
          ed25519_private: \(YAMLText.quote(Self.line(request.hostPrivateKey)))
          ed25519_public: \(YAMLText.quote(Self.trimmed(request.hostPublicKey)))

        """
    }

    private var body: String {
        var text = """
            ssh_authorized_keys:
              - \(YAMLText.quote(Self.trimmed(request.clientPublicKey)))
            bootcmd:
              - \(YAMLText.block(scripts.everyBoot, indent: 4))
            write_files:
              - path: \(scripts.folder)/first-boot.sh
                permissions: '0700'
                content: \(YAMLText.block(scripts.finalStage, indent: 6))

            """
        if let script = request.startupScript, script.kind == .script {
            text += """
                  - path: \(scripts.folder)/startup-script
                    permissions: '0700'
                    content: \(YAMLText.quote(script.text))

                """
        }
        return text + "runcmd:\n  - [/bin/sh, \(scripts.folder)/first-boot.sh]\n"
    }

    private static func trimmed(_ text: String) -> String { text.last == "\n" ? String(text.dropLast()) : text }
    private static func line(_ text: String) -> String { trimmed(text) + "\n" }
}
