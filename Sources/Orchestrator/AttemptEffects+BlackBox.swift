import Logging
import MayflyCore
import OnInstance

extension AttemptEffects {
    /// How long an instance that is to go waits for its black box.
    private static let blackBoxLimit: Duration = .seconds(10)

    /// Where a retry depends on the state of the GPU, the black box is asked for as soon as the results are here: whether another
    /// attempt follows decides whether this one is held. Not when the collect clock is about to end: results that are here
    /// must be told of in time.
    func keepBlackBoxBeforeRetry(_ control: EffectControl) async {
        let policy = context.definition.retry ?? RetryPolicy()
        guard policy.asksForTheGPU(after: state),
            let began = state.began("collecting")
        else { return }
        let passed = state.elapsed(since: began, now: time.now(), bootID: time.bootID)
        guard passed + Self.blackBoxLimit + .seconds(5) < context.definition.timeouts.collect else { return }
        await keepBlackBox(control)
    }

    /// Before the instance of a failed attempt goes: what it tells of itself, and what follows from that in words.
    ///
    /// Only over a connection that is open anyway, once, and within ten seconds: an explanation must never hold up results or
    /// a destroy, and what is missing of it is no failure.
    func keepBlackBox(_ control: EffectControl) async {
        guard let outcome = state.outcome, !outcome.isSuccess, outcome != .cancelled, !context.folderTrouble.isSet,
            !context.hasBlackBox.isSet, let host = context.link.open
        else { return }
        context.hasBlackBox.set()
        let box = TextCollector(limit: BlackBox.sizeLimit)
        await within(Self.blackBoxLimit) {
            _ = try? await perform(supervisor.blackBox(), on: host) { box.take($0) }
        }
        let bytes = box.all.output
        guard !bytes.isEmpty, !Task.isCancelled else { return }
        let told = BlackBox(String(decoding: bytes, as: UTF8.self))
        if let verdict = told.verdict { control.post(.diagnosed(verdict, gpuFault: told.showsBrokenGPU)) }
        do {
            try await context.folder.write(blackBox: bytes)
        } catch {
            context.logger.debug(
                "the black box cannot be written", metadata: ["job": "\(context.job.id)", "error": "\(error)"])
        }
    }
}
