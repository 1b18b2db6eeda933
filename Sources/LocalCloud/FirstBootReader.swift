import CloudModel
import Foundation
import Yams

/// Reads `metadata` into a ``FirstBootPlan``. It never fails: as on a real instance, what cannot be understood is
/// reported on the instance, in its log and in `result.json`.
struct FirstBootReader {
    private var plan = FirstBootPlan()
    /// The merged cloud-config. A later part replaces a key, as cloud-init does by default.
    private var config: [String: Node] = [:]

    static func plan(metadata: InstanceRequest.Metadata?, registeredKeys: [String]) -> FirstBootPlan {
        var reader = FirstBootReader()
        reader.plan.authorizedKeys = registeredKeys
        if let script = metadata?.startupScript { reader.take(text: script, name: "part-001") }
        for (index, part) in (metadata?.userData ?? []).enumerated() {
            reader.take(part: part, number: index + 1)
        }
        reader.applyConfig()
        return reader.plan
    }

    private mutating func take(part: InstanceRequest.Part, number: Int) {
        let digits = String(number)
        let fallback = "part-" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        let name = part.filename.map { $0.split(separator: "/").last.map(String.init) ?? fallback } ?? fallback
        let content = part.content ?? ""
        switch part.type?.split(separator: ";").first.map(String.init) {
        case "text/cloud-config": takeConfig(content, name: name)
        case "text/x-shellscript", "text/x-shellscript-per-instance", "text/x-shellscript-per-once",
            "text/x-shellscript-per-boot":
            plan.scripts.append(.init(name: name, content: content))
        case "text/cloud-boothook": plan.bootCommands.append("sh -c " + Shell.quoted(content))
        case "text/plain", "text/x-not-multipart": take(text: content, name: name)
        case let type: plan.warnings.append("user_data part \(name) has the unknown type \(type ?? "")")
        }
    }

    private mutating func take(text: String, name: String) {
        if text.hasPrefix("#cloud-config") {
            takeConfig(text, name: name)
        } else if text.hasPrefix("#!") {
            plan.scripts.append(.init(name: name, content: text))
        } else if text.hasPrefix("#cloud-boothook") {
            plan.bootCommands.append("sh -c " + Shell.quoted(text))
        } else if !text.isEmpty {
            plan.warnings.append("\(name) begins with neither #! nor #cloud-config and is ignored")
        }
    }

    private mutating func takeConfig(_ text: String, name: String) {
        do {
            guard let node = try Yams.compose(yaml: text) else { return }
            guard let mapping = node.mapping else {
                return invalid("\(name): the cloud-config is no mapping")
            }
            let how = Self.listMerging(mapping["merge_how"] ?? mapping["merge_type"])
            for (key, value) in mapping {
                guard let key = key.string else { continue }
                if how.contains("append"), let old = config[key]?.sequence, let new = value.sequence {
                    config[key] = Node(Array(old) + Array(new))
                } else if how.contains("prepend"), let old = config[key]?.sequence, let new = value.sequence {
                    config[key] = Node(Array(new) + Array(old))
                } else {
                    config[key] = value
                }
            }
        } catch {
            invalid("\(name): the cloud-config is no valid YAML: \(error)")
        }
    }

    /// How lists are merged: `list(append)+…`, or the form of one mapping per kind with its settings.
    private static func listMerging(_ node: Node?) -> String {
        if let text = node?.string { return text }
        let kinds = node?.sequence.map(Array.init) ?? []
        let ofLists = kinds.first { $0.mapping?["name"]?.string == "list" }
        let settings = ofLists?.mapping?["settings"]?.sequence.map(Array.init) ?? []
        return settings.compactMap(\.string).joined(separator: " ")
    }

    private mutating func applyConfig() {
        for key in config.keys.sorted() {
            guard let value = config[key] else { continue }
            switch key {
            case "ssh_keys": applyHostKeys(value)
            case "ssh_authorized_keys": plan.authorizedKeys += strings(value, key)
            case "write_files": applyFiles(value)
            case "bootcmd": plan.bootCommands += commands(value, key)
            case "runcmd": plan.runCommands += commands(value, key)
            case "packages": plan.packages = strings(value, key)
            case "package_update": plan.updatesPackages = value.bool ?? false
            case "merge_how", "merge_type", "ssh_deletekeys", "package_upgrade", "final_message", "ssh_pwauth",
                "disable_root", "preserve_hostname", "hostname", "output":
                break  // what they ask for is so already, or makes no difference here
            default: plan.warnings.append("warning: cloud-config key \(key) is not supported by the local cloud")
            }
        }
    }

    private mutating func applyHostKeys(_ node: Node) {
        guard let mapping = node.mapping else { return invalid("ssh_keys is no mapping") }
        for (key, value) in mapping {
            let words = (key.string ?? "").split(separator: "_")
            guard words.count == 2, let text = value.string, ["rsa", "ecdsa", "ed25519"].contains(words[0]) else {
                plan.warnings.append("ssh_keys: \(key.string ?? "?") is ignored")
                continue
            }
            let ending = words[1] == "public" ? ".pub" : ""
            plan.hostKeys.append(
                .init(name: "ssh_host_\(words[0])_key\(ending)", content: text.hasSuffix("\n") ? text : text + "\n"))
        }
    }

    private mutating func applyFiles(_ node: Node) {
        guard let items = node.sequence else { return invalid("write_files is no list") }
        for item in items {
            guard let path = item["path"]?.string, path.hasPrefix("/") else {
                invalid("write_files: an entry has no absolute path")
                continue
            }
            let text = item["content"]?.string ?? ""
            let encoding = item["encoding"]?.string ?? "text/plain"
            var bytes = Array(text.utf8)
            if encoding.contains("b64") || encoding.contains("base64") {
                guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
                    invalid("write_files: \(path) is no valid base64")
                    continue
                }
                bytes = Array(data)
            }
            let file = FirstBootPlan.File(
                path: path, content: bytes, isGzipped: encoding.hasPrefix("gz"),
                permissions: item["permissions"]?.scalar?.string ?? "0644", owner: item["owner"]?.string ?? "root:root",
                appends: item["append"]?.bool ?? false)
            if item["defer"]?.bool ?? false { plan.deferredFiles.append(file) } else { plan.files.append(file) }
        }
    }

    /// A list of commands: a string is a shell line, a list is one command with its arguments.
    private mutating func commands(_ node: Node, _ key: String) -> [String] {
        guard let items = node.sequence else {
            invalid("\(key) is no list")
            return []
        }
        return items.compactMap { item in
            if let words = item.sequence {
                return words.map { Shell.quoted($0.scalar?.string ?? "") }.joined(separator: " ")
            }
            guard let line = item.scalar?.string, item.null == nil else {
                invalid("\(key): an entry is neither a string nor a list")
                return nil
            }
            return line
        }
    }

    private mutating func strings(_ node: Node, _ key: String) -> [String] {
        guard let items = node.sequence else {
            invalid("\(key) is no list")
            return []
        }
        return items.compactMap { $0.scalar?.string }
    }

    private mutating func invalid(_ message: String) {
        plan.warnings.append(message)
        plan.errors.append(message)
    }
}
