import MayflyCore
import OnInstance

extension AttemptEffects {
    /// A snapshot is worth more than a clean one: whoever does not answer in this time is not waited for.
    private static let patience: Duration = .seconds(20)

    /// Takes this attempt's keys and state out of the disk before it becomes a snapshot. What could not be fetched stays on
    /// it. Never fails: what was not done is said.
    func prepareDisk(
        _ instance: ReachableInstance, for snapshot: String, _ control: EffectControl
    ) async {
        // Kept for its data alone, and possibly all there is of them.
        guard snapshot != context.definition.rescueName(of: context.identity) else { return }
        let step = supervisor.beforeSnapshot(of: context.identity, keepingState: state.leavesResults == true)
        let isReady = Mark()
        await within(Self.patience) {
            let said = try? await onHost(instance, control) { try await answer(to: step, on: $0).text }
            isReady.set(said == "ready\n")
        }
        guard !isReady.isSet, !Task.isCancelled else { return }
        control.post(
            .warned(
                "the snapshot \(snapshot) may hold what was this attempt's alone (its host key and folders under "
                    + "/var/lib/mayfly): it could not be cleaned before"))
    }
}
