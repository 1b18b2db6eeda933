import MayflyCore
import OnInstance

extension AttemptEffects {
    /// Brings the outputs back as one verified stream; a broken one is begun again.
    func collect(_ instance: ReachableInstance, _ control: EffectControl) async throws -> AttemptEvent {
        let request = CollectRequest(outputs: context.definition.outputs)
        let report: OutputsReport = try await onHost(instance, control) { host in
            let receiver = try await onFolder { try await context.folder.receiveOutputs() }
            let said = TextCollector()
            let exit = try await perform(supervisor.collect(request), on: host, bulk: true) { output in
                switch output {
                case .stdout(let bytes): try await onFolder { try await receiver.receive(bytes) }
                case .stderr: await said.take(output)
                }
            }
            guard exit != .unknown else {
                throw RemoteError(
                    kind: .connectionLost, message: "the connection ended while outputs were collected")
            }
            var report = try await onFolder { try await receiver.finish() }
            if exit != .status(0) {
                report.complete = false
                report.warnings.append("collecting ended with \(exit): \(await said.everything)")
            }
            return report
        }
        return .collected(complete: report.complete, warnings: report.warnings)
    }

    /// Takes a snapshot and waits until it is there. One of this name is adopted, never taken twice.
    func snapshot(_ instance: ReachableInstance, _ control: EffectControl) async throws
        -> AttemptEvent
    {
        let name = context.definition.snapshot.name ?? "\(context.definition.name)-\(context.job.id)"
        var backoff = Backoff(
            first: provider.pollInterval, most: max(provider.pollInterval, .seconds(10)))
        var asked: WallTime?
        var told: String?
        while true {
            do {
                if let taken = try await provider.snapshots(of: instance.id).first(where: {
                    $0.name == name
                }) {
                    switch taken.status {
                    case .created: return .snapshotTaken(taken.id, name: name)
                    case .error:
                        return .snapshotFailed(
                            Reason(code: "snapshot-error", message: "the cloud reports status \"error\" for it"))
                    case .creating, .other: break
                    }
                } else if asked.map({ $0.duration(to: time.now().wall) >= provider.listingLag }) ?? true {
                    asked = time.now().wall
                    _ = try await provider.createSnapshot(of: instance.id, name: name)
                }
            } catch let error as ProviderError {
                switch error.kind {
                case .refused, .unauthorized, .account, .capacity:
                    return .snapshotFailed(error.reason)
                case .cloud, .unreachable, .outcomeUnknown:
                    if told != error.description { control.post(.waiting(error.description)) }
                    told = error.description
                }
            }
            try await backoff.wait(time)
        }
    }

    /// Asks for destruction until the cloud accepts it. There is no end to this.
    func destroy(_ id: InstanceID, _ control: EffectControl) async throws -> AttemptEvent {
        await context.link.drop()
        var backoff = Backoff(first: .milliseconds(100), most: .seconds(30))
        while true {
            do {
                try await provider.destroy(id)
                return .destroyAccepted
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
        var lastAsked = time.now().boot
        while true {
            var words: String
            do {
                switch try await provider.absence(of: id) {
                case .gone: return .verifiedGone
                case .cannotTell(let reason): words = reason.message
                case .stillThere(let status):
                    words = "the instance to disappear (status \(status))"
                    // An accepted request that had no effect, or got stuck, is asked again.
                    if lastAsked.duration(to: time.now().boot) > .seconds(30) {
                        lastAsked = time.now().boot
                        try await provider.destroy(id)
                    }
                }
            } catch let error as ProviderError {
                words = "proof that the instance is gone: \(error)"
            }
            if words != told {
                control.post(.teardownDelayed(Reason(code: "verify-delayed", message: words)))
                told = words
            }
            try await backoff.wait(time)
        }
    }
}
