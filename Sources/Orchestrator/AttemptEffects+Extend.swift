import MayflyCore
import OnInstance
import Synchronization

/// What is known of an extension while an effect goes on that began before it.
final class ExtendedRun: Sendable {
    private let granted = Mutex<Duration?>(nil)
    /// Whether one is being asked for just now.
    let isAsking = Mark()

    var limit: Duration? { granted.withLock { $0 } }

    func grant(_ limit: Duration) { granted.withLock { $0 = max($0 ?? limit, limit) } }
}

extension AttemptEffects {
    /// How long one request for an extension may take before the wish is acted on anew.
    private static let extensionLimit: Duration = .seconds(60)

    /// Lets the command run longer, beside the effect that follows it. Fails silently: the wish stays in the store, and with
    /// the keeper's next look it is tried again.
    func extendRun(of instance: ReachableInstance, to limit: Duration, _ end: WallTime, _ control: EffectControl) async
    {
        guard !context.extendedRun.isAsking.isSet else { return }
        context.extendedRun.isAsking.set(true)
        defer { context.extendedRun.isAsking.set(false) }
        let deadline = time.now().boot.advanced(by: Self.extensionLimit)
        let said = try? await onHost(instance, control, giveUpAt: { deadline }) {
            try await answer(to: supervisor.extend(.run, to: limit), on: $0)
        }
        guard let said, said.exit != .unknown else { return }
        let words = said.text.split(separator: "\n").first.map(String.init) ?? ""
        if words == "extended" {
            context.extendedRun.grant(limit)
            control.post(.runExtended(to: end))
        } else if said.exit == .status(64) {
            control.post(.runNotExtended(to: end, "it was started by a Mayfly that could not do that yet"))
        } else if words.hasPrefix("not-extended ") {
            control.post(.runNotExtended(to: end, String(words.dropFirst(13).prefix(200))))
        }
    }
}
