import MayflyCore
import PositionedYAML

extension SpecReading {
    /// Why a name cannot be a variable of the job, or `nil`.
    static func problem(ofVariable name: String, what: String) -> String? {
        guard PlainName.variable.matches(name), name.utf8.count <= 255 else {
            return "\(what) must be a variable name of letters, digits and `_`, not \(Quoted(name))"
        }
        guard !name.hasPrefix("MAYFLY_") else {
            return "\(Quoted(name)): names that begin with `MAYFLY_` are set by Mayfly itself; choose another"
        }
        return nil
    }

    mutating func environment(_ node: SpecNode) -> [EnvironmentVariable] {
        guard let entries = mapping(node, "`env`") else { return [] }
        return entries.compactMap { entry in
            let named = Self.problem(ofVariable: entry.key, what: "a key of `env`")
            if let named { fail(entry.keyLocation, named) }
            guard let value = anyText(entry.value, "`env.\(Quoted.visible(entry.key[...]))`"), named == nil else {
                return nil
            }
            return EnvironmentVariable(name: entry.key, value: value)
        }
    }

    /// Variables of the command line; their values may be private, so only names are repeated.
    mutating func checkExtra(_ variables: [EnvironmentVariable]) {
        for variable in variables {
            let location = SpecLocation.option("-e \(Quoted.visible(variable.name.prefix(80)))")
            if let problem = Self.problem(ofVariable: variable.name, what: "the name") {
                fail(location, problem)
            } else if variable.value.unicodeScalars.contains("\0") {
                fail(location, "the value must not contain a NUL character")
            }
        }
    }

    mutating func labels(_ node: SpecNode) -> [String: String] {
        guard let entries = mapping(node, "`labels`") else { return [:] }
        var labels: [String: String] = [:]
        for entry in entries {
            if entry.key.isEmpty || entry.key.count > 63 || entry.key.contains(where: \.isNewline) {
                fail(entry.keyLocation, "a label's name must have 1 to 63 characters on one line")
            } else if let value = anyText(entry.value, "`labels.\(Quoted.visible(entry.key[...]))`") {
                labels[entry.key] = value
            }
        }
        return labels
    }

    /// `[NAME]` takes each from the submitting shell; `{NAME: {env|file|command: …}}` says where it comes from.
    ///
    /// Messages never repeat a value: it could be a secret written in the wrong place.
    mutating func secrets(_ node: SpecNode) -> [SecretReference] {
        switch node.content {
        case .scalar where node.isMissing:
            return []
        case .scalar:
            fail(node.location, "`secrets` must be a list of names, or a mapping of names to their sources")
            return []
        case .sequence(let items):
            var seen: Set<String> = []
            return items.compactMap { item in
                guard case .scalar(let scalar) = item.content, isVariable(scalar.text) else {
                    fail(
                        item.location,
                        "an entry of `secrets` must be a variable name (its value is taken from your environment);"
                            + " other sources go in a mapping: `NAME: {file: path}`")
                    return nil
                }
                guard seen.insert(scalar.text).inserted else {
                    fail(item.location, "the secret `\(scalar.text)` is already listed")
                    return nil
                }
                return SecretReference(name: scalar.text, source: .environment(scalar.text))
            }
        case .mapping(let entries):
            return entries.compactMap { secret($0) }
        }
    }

    private func isVariable(_ name: String) -> Bool { Self.problem(ofVariable: name, what: "") == nil }

    private mutating func secret(_ entry: SpecEntry) -> SecretReference? {
        if let problem = Self.problem(ofVariable: entry.key, what: "the name of a secret") {
            fail(entry.keyLocation, problem)
            return nil
        }
        let what = "the secret `\(entry.key)`"
        if entry.value.isMissing { return SecretReference(name: entry.key, source: .environment(entry.key)) }
        guard case .mapping = entry.value.content else {
            fail(
                entry.value.location,
                "\(what) must say where its value comes from, never the value itself:"
                    + " `{env: NAME}`, `{file: path}` or `{command: …}`")
            return nil
        }
        guard let fields = fields(entry.value, of: what, known: SpecFields.secret) else { return nil }
        guard fields.count == 1, let source = fields.values.first else {
            fail(entry.value.location, "\(what) needs exactly one of `env`, `file` and `command`")
            return nil
        }
        guard let text = text(source.value, "`\(source.key)` of \(what)") else { return nil }
        switch source.key {
        case "env":
            guard PlainName.variable.matches(text) else {
                fail(source.value.location, "`env` of \(what) must be the name of a variable of your environment")
                return nil
            }
            return SecretReference(name: entry.key, source: .environment(text))
        case "file":
            return SecretReference(name: entry.key, source: .file(absolute(text)))
        default:
            return SecretReference(name: entry.key, source: .command(text))
        }
    }
}
