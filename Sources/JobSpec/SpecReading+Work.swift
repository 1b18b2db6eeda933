import MayflyCore
import PositionedYAML

extension SpecReading {
    mutating func command(_ fields: [String: SpecEntry], root: SpecLocation) -> JobCommand? {
        guard let node = fields["command"]?.value else {
            fail(root, "`command` is missing: say what to run, such as `command: python train.py`")
            return nil
        }
        switch node.content {
        case .sequence(let items):
            guard let first = items.first else {
                fail(node.location, "`command` is an empty list: its first entry is the program")
                return nil
            }
            let program = text(first, "the program, the first entry of `command`,")
            // Arguments may be empty: argv is exact.
            let arguments = items.dropFirst().compactMap { anyText($0, "an entry of `command`") }
            guard let program, arguments.count == items.count - 1 else { return nil }
            return .argv([program] + arguments)
        case .scalar, .mapping:
            guard let text = text(node, "`command`") else { return nil }
            guard !text.allSatisfy(\.isWhitespace) else {
                fail(node.location, "`command` is blank: say what to run")
                return nil
            }
            return .shell(text)
        }
    }

    mutating func outputs(_ node: SpecNode) -> [String] {
        // What leaves the job's world is skipped and named at collect: only the instance knows where links lead.
        texts(node, "`outputs`") ?? []
    }

    /// Bytes; `nil` = all is kept, or it is wrong, which is said.
    mutating func logLimit(_ node: SpecNode) -> Int64? {
        guard let text = text(node, "`log_limit`"), text != "none" else { return nil }
        switch SizeText.parse(text) {
        case .success(let bytes): return bytes
        case .failure(let wrong):
            fail(node.location, "`log_limit`: \(wrong.description)")
            return nil
        }
    }

    mutating func snapshot(_ node: SpecNode) -> SnapshotPolicy {
        guard case .mapping = node.content else {
            return SnapshotPolicy(when: when(node, "`snapshot`") ?? .never)
        }
        var policy = SnapshotPolicy()
        guard let fields = fields(node, of: "`snapshot`", known: SpecFields.snapshot) else { return policy }
        if let node = fields["when"]?.value {
            policy.when = when(node, "`snapshot.when`") ?? .never
        } else {
            fail(node.location, "`snapshot` has no `when`: \(Self.list(SnapshotPolicy.When.allCases.map(\.rawValue)))")
        }
        if let node = fields["name"]?.value, let name = text(node, "`snapshot.name`") {
            if name.count > 200 || name.contains(where: \.isNewline) {
                fail(node.location, "`snapshot.name` must be one line of at most 200 characters")
            } else {
                policy.name = name
            }
        }
        return policy
    }

    private mutating func when(_ node: SpecNode, _ what: String) -> SnapshotPolicy.When? {
        if case .scalar(let scalar) = node.content {
            let meant: String? =
                switch scalar.text.lowercased() {
                case "no", "false", "off", "none": "never"
                case "yes", "true", "on": "always"
                case "success": "on_success"
                case "failure", "error": "on_failure"
                default: nil
                }
            if let meant {
                fail(node.location, "\(what) must name a case, not \(Quoted(scalar.text)): did you mean `\(meant)`?")
                return nil
            }
        }
        return choice(node, what, of: SnapshotPolicy.When.self)
    }

    mutating func timeouts(_ node: SpecNode) -> Timeouts {
        var timeouts = Timeouts()
        guard let fields = fields(node, of: "`timeouts`", known: SpecFields.timeouts) else { return timeouts }
        for clock in JobClock.allCases {
            guard let node = fields[clock.rawValue]?.value,
                let limit = duration(
                    node, "`timeouts.\(clock.rawValue)`", mayBeNone: clock == .queue || clock == .total)
            else { continue }
            switch clock {
            case .queue: timeouts.queue = limit
            case .total: timeouts.total = limit
            case .provision: timeouts.provision = limit ?? timeouts.provision
            case .setup: timeouts.setup = limit ?? timeouts.setup
            case .run: timeouts.run = limit ?? timeouts.run
            case .collect: timeouts.collect = limit ?? timeouts.collect
            case .snapshot: timeouts.snapshot = limit ?? timeouts.snapshot
            }
        }
        return timeouts
    }

    mutating func ssh(_ node: SpecNode) -> SSHSettings {
        var settings = SSHSettings()
        guard let fields = fields(node, of: "`ssh`", known: SpecFields.ssh) else { return settings }
        if let node = fields["user"]?.value, let user = text(node, "`ssh.user`") {
            if Self.isUserName(user) {
                settings.user = user
            } else {
                fail(node.location, "`ssh.user` must be a user name of the image, not \(Quoted(user))")
            }
        }
        if let node = fields["port"]?.value { settings.port = integer(node, "`ssh.port`", in: 1...65535) }
        if let node = fields["host_key"]?.value {
            settings.hostKey = choice(node, "`ssh.host_key`", of: SSHSettings.HostKeyPolicy.self) ?? .pinned
        }
        if let node = fields["pty"]?.value { settings.pty = boolean(node, "`ssh.pty`") ?? false }
        if let node = fields["jump"]?.value { settings.jump = jump(node) }
        return settings
    }
}
