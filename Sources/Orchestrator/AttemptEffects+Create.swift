import MayflyCore
import OnInstance

extension AttemptEffects {
    /// Posts the create request once; what is unclear afterwards is settled by listing, never by posting again.
    func create(settle: Bool, _ control: EffectControl) async throws
        -> AttemptEvent
    {
        if settle, mayHaveBeenSent(state) {
            guard try await isWitnessed(control) else { return .createUnsettled(Self.neverSent) }
            return try await settleCreate(since: lagBegan(intent(of: state), state), control)
        }
        guard let anchor = witness else { return try await anchored(control) }
        let order = try await makeOrder(anchor)
        var backoff = Backoff(first: .milliseconds(200), most: .seconds(10))
        while true {
            do {
                return .created(try await provider.create(order))
            } catch let error as ProviderError {
                switch error.kind {
                case .outcomeUnknown:
                    control.post(.waiting("\(error); looking for the instance by its name"))
                    return try await settleCreate(since: time.now().boot, control)
                case .unreachable:
                    // Nothing was sent: trying again cannot make two.
                    if control.stop.isMade { return .createRefused(error) }
                    control.post(.waiting(error.description))
                    try await backoff.wait(time, least: .milliseconds(200))
                    // The key that is on record is none here: another goes on record before anything is sent with it.
                    if error.reason.code == Reason.anchorRefusedCode { return .anchored(nil) }
                case .refused, .unauthorized, .account, .capacity, .cloud:
                    return .createRefused(error)
                }
            }
        }
    }

    /// The anchor, which is on record before anything is asked for with it.
    private func anchored(_ control: EffectControl) async throws -> AttemptEvent {
        var backoff = Backoff(first: .milliseconds(200), most: .seconds(10))
        var told: String?
        while true {
            do {
                return .anchored(try await provider.ensureAnchor())
            } catch let error as ProviderError {
                switch error.kind {
                case .unreachable, .outcomeUnknown:
                    if control.stop.isMade { return .createRefused(error) }
                    if told != error.description { control.post(.waiting(error.description)) }
                    told = error.description
                case .refused, .unauthorized, .account, .capacity, .cloud:
                    return .createRefused(error)
                }
            }
            try await backoff.wait(time)
        }
    }

    /// Where no anchor is on record with the attempt, a keeper ended before it sent anything; one that is merely stopped is
    /// fenced when it would put the anchor on record, and sends nothing either. Older records do not say.
    private func mayHaveBeenSent(_ state: AttemptState) -> Bool { state.anchor.map { !$0.isEmpty } ?? true }

    /// For older records the cloud's record decides whether an absence will ever mean something: without one this was a
    /// home's first create. Whoever was about to send it may be merely stopped, and send it yet: so this identity is never
    /// posted by anyone else, and what it may still bring is watched for.
    private func isWitnessed(_ control: EffectControl) async throws -> Bool {
        guard state.anchor == nil else { return true }
        var backoff = Backoff(first: .milliseconds(100), most: .seconds(5))
        while true {
            do {
                return try await provider.hasAnchor()
            } catch let error as ProviderError {
                control.post(.waiting(error.description))
            }
            try await backoff.wait(time)
        }
    }

    private func intent(of state: AttemptState) -> Moment {
        state.spans.first { $0.phase == "creating" }?.began ?? time.now()
    }

    /// Keys and first boot first, so that nothing but the request itself can fail afterwards.
    private func makeOrder(_ anchor: String) async throws -> InstanceOrder {
        let document: FirstBootDocument
        do {
            let keys = try await context.connector.prepareKeys(for: context.identity)
            document = try FirstBoot.document(
                for: FirstBoot.Request(
                    nonce: context.identity.nonce, user: context.definition.ssh.user,
                    hostPrivateKey: keys.hostPrivateKey, hostPublicKey: keys.hostPublicKey,
                    clientPublicKey: keys.clientPublicKey, expiry: context.expiry,
                    startupScript: context.definition.startupScript))
        } catch {
            try Task.checkCancellation()
            throw Ends(
                .createRefused(
                    ProviderError(
                        kind: .refused,
                        reason: Reason(code: "first-boot", message: "the instance was not created: \(error)"))))
        }
        return InstanceOrder(
            name: context.identity.instanceName(expiry: context.expiry), hostname: context.identity.description,
            machine: context.definition.machine, sshKey: anchor, firstBoot: document)
    }

    /// Looks for the instance by hostname until it is found, or a listing after the lag proves that there is none.
    private func settleCreate(since intent: BootInstant, _ control: EffectControl) async throws
        -> AttemptEvent
    {
        var backoff = Backoff(first: provider.pollInterval, most: .seconds(10))
        while true {
            let hadTime = intent.duration(to: time.now().boot) >= provider.settlementLag
            do {
                let hostname = context.identity.description
                let listing = try await provider.witnessedInstances(hostname: hostname, anchor: witness)
                var found = listing.instances
                found.sort {
                    ($0.status == .active ? 0 : 1, $0.id.rawValue) < (
                        $1.status == .active ? 0 : 1, $1.id.rawValue
                    )
                }
                if let kept = found.first {
                    try await destroyDoubles(found.dropFirst())
                    return .created(kept)
                }
                if hadTime {
                    if listing.isWitnessed { return .createUnsettled(Self.unsettled) }
                    control.post(.waiting(Reason.anchorMissing.message))
                }
            } catch let error as ProviderError {
                control.post(.waiting("the create's answer was lost, and listing fails: \(error)"))
            }
            try await backoff.wait(time)
        }
    }

    /// Names may not be unique: of two with one identity one is kept.
    private func destroyDoubles(_ doubles: ArraySlice<ObservedInstance>) async throws {
        for double in doubles { try await provider.destroy(double.id) }
    }

    private static let neverSent = Reason(
        code: "create-unsettled",
        message: "the keeper that was about to send the create request ended before it did")

    private static let unsettled = Reason(
        code: "create-unsettled",
        message:
            "the answer to the create request was lost, and the cloud's complete list shows no such instance"
    )
}
