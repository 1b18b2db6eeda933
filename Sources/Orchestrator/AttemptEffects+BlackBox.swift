import Logging
import MayflyCore
import OnInstance

extension AttemptEffects {
    /// How long an instance that is to go waits for its black box.
    private static let blackBoxLimit: Duration = .seconds(10)

    /// Before the instance of a failed attempt goes: what it tells of itself, and what follows from that in words.
    ///
    /// Only over a connection that is open anyway, once, and within ten seconds: an explanation must never hold up results or
    /// a destroy, and what is missing of it is no failure.
    func keepBlackBox(of state: AttemptState, _ control: EffectControl) async {
        guard let outcome = state.outcome, !outcome.isSuccess, outcome != .cancelled, !context.folderTrouble.isSet,
            !context.hasBlackBox.isSet, let host = await context.link.open
        else { return }
        context.hasBlackBox.set()
        let box = BlackBoxBytes()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                _ = try? await perform(supervisor.blackBox(), on: host) { await box.take($0) }
            }
            group.addTask {
                guard (try? await time.sleep(for: Self.blackBoxLimit)) != nil else { return }
                await context.link.drop()
            }
            await group.next()
            group.cancelAll()
        }
        let bytes = await box.bytes
        guard !bytes.isEmpty, !Task.isCancelled else { return }
        if let verdict = BlackBox(String(decoding: bytes, as: UTF8.self)).verdict { control.post(.diagnosed(verdict)) }
        do {
            try await context.folder.write(blackBox: bytes)
        } catch {
            context.logger.debug(
                "the black box cannot be written", metadata: ["job": "\(context.job.id)", "error": "\(error)"])
        }
    }
}

/// A hostile server's flood is cut off.
private actor BlackBoxBytes {
    private(set) var bytes: [UInt8] = []

    func take(_ chunk: RemoteOutput) {
        if case .stdout(let more) = chunk { bytes.append(contentsOf: more.prefix(BlackBox.sizeLimit - bytes.count)) }
    }
}
