import MayflyCore
import OnInstance

extension AttemptEffects {
    /// Brings the outputs back as one verified stream; a broken one is begun again.
    func collect(
        _ instance: ReachableInstance, _ control: EffectControl
    ) async throws -> AttemptEvent {
        let report = try await fetchOutputs(of: instance, control)
        await keepBlackBoxBeforeRetry(control)
        return .collected(
            complete: report.complete, warnings: report.warnings, leavesResults: report.leavesResults)
    }

    func fetchOutputs(
        of instance: ReachableInstance, giveUpAt deadline: @Sendable () -> BootInstant? = { nil },
        _ control: EffectControl
    ) async throws -> OutputsReport {
        let request = CollectRequest(outputs: context.definition.outputs)
        return try await onHost(instance, control, giveUpAt: deadline) { host in
            let receiver = try await onFolder { try await context.folder.receiveOutputs() }
            let said = TextCollector()
            let exit = try await perform(supervisor.collect(request), on: host, bulk: true) { output in
                switch output {
                case .stdout(let bytes): try await onFolder { try await receiver.receive(bytes) }
                case .stderr: said.take(output)
                }
            }
            guard exit != .unknown else { throw Self.cutOff }
            var report = try await onFolder { try await receiver.finish() }
            if exit != .status(0) {
                report.complete = false
                report.leavesResults = true
                report.warnings.append("collecting ended with \(exit): \(said.all.everything)")
            }
            return report
        }
    }

    /// How often a snapshot that the cloud calls failed is taken again.
    private static let snapshotRetakes = 2

    /// Takes a snapshot and waits until it is there. One of this name is adopted, never taken twice; one that failed is
    /// removed and taken again, because the instance's disk is about to go.
    func snapshot(
        _ instance: ReachableInstance, settle: Bool, _ control: EffectControl
    ) async throws -> AttemptEvent {
        // On record since before it was first asked for.
        let name =
            state.objects.last { $0.kind == .snapshot }?.name ?? context.definition.snapshotName(of: context.identity)
        if !settle { await prepareDisk(instance, for: name, control) }
        var backoff = Backoff(
            first: provider.pollInterval, most: max(provider.pollInterval, .seconds(10)))
        var asked =
            settle ? state.began("snapshotting").map { lagBegan($0, state) } : nil
        var retakes = 0
        var told: String?
        func tell(_ words: String) {
            if told != words { control.post(.waiting(words)) }
            told = words
        }
        while true {
            do {
                let taken = try await provider.snapshots(of: instance.id).filter { $0.name == name }
                if let created = taken.first(where: { $0.status == .created }) {
                    return .snapshotTaken(created.id, name: name)
                } else if let failed = taken.first(where: { $0.status == .error }) {
                    try await provider.deleteSnapshot(failed.id)
                    guard retakes < Self.snapshotRetakes else { return .snapshotFailed(Self.snapshotError) }
                    retakes += 1
                    asked = nil
                    tell("the snapshot failed in the cloud and is taken again")
                } else if taken.isEmpty, asked.map({ $0.duration(to: time.now().boot) >= provider.listingLag }) ?? true
                {
                    asked = time.now().boot
                    _ = try await provider.createSnapshot(of: instance.id, name: name)
                }
            } catch let error as ProviderError {
                switch error.kind {
                case .refused, .account, .capacity:
                    // Another account's token is refused too, and says nothing of this instance.
                    if (try? await provider.sees(anchor: witness)) == true { return .snapshotFailed(error.reason) }
                    tell(Reason.anchorMissing.message)
                case .unauthorized, .cloud, .unreachable, .outcomeUnknown:
                    tell(error.description)
                }
            }
            try await backoff.wait(time)
        }
    }

    private static let snapshotError = Reason(
        code: "snapshot-error", message: "the cloud reports status \"error\" for it, also when it was taken again")

    /// Asks for destruction until the cloud accepts it. There is no end to this.
    func destroy(_ id: InstanceID, _ control: EffectControl) async throws -> AttemptEvent {
        await context.link.drop()
        var backoff = Backoff(first: .milliseconds(100), most: .seconds(30))
        while true {
            do {
                return .destroyAnswered(try await provider.destroy(id))
            } catch let error as ProviderError {
                control.post(
                    .teardownDelayed(
                        Reason(
                            code: "destroy-delayed",
                            message: "the instance is not destroyed yet: \(error); trying again without end",
                            cloudCode: error.reason.cloudCode, cloudMessage: error.reason.cloudMessage)))
            }
            try await backoff.wait(time)
        }
    }

    /// Proves absence: GET, the complete list, and the anchor as the witness that both mean something.
    func verify(_ id: InstanceID, _ control: EffectControl) async throws -> AttemptEvent {
        var backoff = Backoff(
            first: provider.pollInterval, most: max(provider.pollInterval, .seconds(10)))
        var told: String?
        let began = time.now().boot
        var lastAsked = began
        while true {
            var words: String
            // What has been accepted takes a moment: that is no delay yet, and not worth a commit.
            var isNews = true
            do {
                switch try await provider.absence(of: id, anchor: witness) {
                case .gone:
                    guard isWithinLag(of: state) else { return .verifiedGone }
                    words = "the cloud's listings to be up to date: the instance was created a moment ago"
                case .cannotTell(let reason): words = reason.message
                case .stillThere(let status):
                    words = "the instance to disappear (status \(status))"
                    isNews = began.duration(to: time.now().boot) >= .seconds(10)
                    // An accepted request that had no effect, or got stuck, is asked again.
                    if lastAsked.duration(to: time.now().boot) > .seconds(30) {
                        lastAsked = time.now().boot
                        try await provider.destroy(id)
                    }
                }
            } catch let error as ProviderError {
                words = "proof that the instance is gone: \(error)"
            }
            if isNews, words != told {
                control.post(.teardownDelayed(Reason(code: "verify-delayed", message: words)))
                told = words
            }
            try await backoff.wait(time)
        }
    }
}
