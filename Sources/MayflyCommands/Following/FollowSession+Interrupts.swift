import MayflyCore

extension FollowSession {
    static let question = "still running: [d]etach  [c]ancel  [Enter] follow on"

    /// - Returns: an exit code when following ends here.
    mutating func interrupted(_ interrupt: Interrupt) async throws -> Int32? {
        let isRunning = open.contains(where: \.isAtWork)
        switch interrupt.response(
            isRunning: isRunning, canAsk: follower.options.canAsk, onlyWatches: follower.options.onlyWatches)
        {
        case .detach:
            return try await detach()
        case .cancel:
            if isAsking {
                isAsking = false
                try await offload { [view] in view.ask(nil) }
            }
            try await cancel()
            return nil
        case .ask:
            isAsking = true
            try await offload { [view] in view.ask(Self.question) }
            KeyPrompt.read { [events] in events.yield(.key($0)) }
            return nil
        }
    }

    mutating func answered(_ key: Character?) async throws -> Int32? {
        guard isAsking else { return nil }
        isAsking = false
        try await offload { [view] in view.ask(nil) }
        switch key {
        case "d", "D", nil:
            // Without an answer the choice that touches nothing.
            return try await detach()
        case "c", "C":
            try await cancel()
        default:
            follower.interrupts.rearm()
        }
        return nil
    }

    private mutating func cancel() async throws {
        let now = follower.time.now().wall
        var asked: [JobRecord] = []
        for row in open where try await follower.store.requestCancel(row.id, at: now) { asked.append(row) }
        await follower.link.wake()
        if !asked.isEmpty {
            let names = asked.count == 1 ? asked[0].title : "\(asked.count) jobs"
            try await say("cancelling \(names); Ctrl-C again leaves at once, the keeper goes on")
        }
    }

    private mutating func detach() async throws -> Int32 {
        let rest = open.filter { !$0.isFinished }
        // The reader of stdout may be the one that is gone: what cannot be said does not change what is so.
        try? await offload { [view] in
            view.close()
            for row in rest { try? view.detached(row) }
        }
        return rest.isEmpty ? exitCode : ExitCode.detached
    }
}
