package import GenesisCloud
package import MayflyCore

/// Where a provider gets its client: a token can be renewed and the local cloud restarted while jobs run.
package protocol ClientSource: Sendable {
    /// - Throws: ``ProviderError`` when there is none to be had just now.
    func client() async throws -> GenesisCloudClient
    /// A request could not be sent: what `client()` gave may be out of date.
    func connectionFailed() async
}

/// The Genesis Cloud API, or the local cloud's same API, in the core's terms.
package struct CloudProvider: InstanceProvider {
    package let listingLag: Duration
    package let settlementLag: Duration
    package let pollInterval: Duration
    private let source: any ClientSource
    private let anchor: Anchor

    /// - Parameters:
    ///   - listingLag: how long a listing may lack what was just created.
    ///   - settlementLag: how long a lost create is looked for; `listingLag` when `nil`.
    ///   - pollInterval: how soon waiting asks again.
    package init(
        source: any ClientSource, store: any JobStore, installation: String, cloud: CloudReference,
        listingLag: Duration, settlementLag: Duration? = nil, pollInterval: Duration
    ) {
        self.source = source
        self.listingLag = listingLag
        self.settlementLag = settlementLag ?? listingLag
        self.pollInterval = pollInterval
        anchor = Anchor(store: store, installation: installation, cloud: cloud)
    }

    package func knownAnchor() async -> String? { await anchor.known }

    package func ensureAnchor() async throws -> String {
        do {
            return try await call { try await anchor.ensure($0) }
        } catch let error as ProviderError where error.kind == .outcomeUnknown {
            // Registering is found again by name: safe to repeat, and no instance is in question.
            throw ProviderError(kind: .unreachable, reason: error.reason)
        }
    }

    package func hasAnchor() async throws -> Bool {
        do {
            return try await anchor.recorded() != nil
        } catch let error as JobStoreError {
            throw ProviderError(kind: .unreachable, reason: Reason(code: "store", message: error.message))
        }
    }

    package func create(_ order: InstanceOrder) async throws -> ObservedInstance {
        // Powered off by its own expiry, an instance that everybody forgot still costs its disk: better that it goes.
        var request = CreateInstanceRequest(order)
        request.destroyOnShutdown = true
        do {
            return try await create(request, with: SSHKey.ID(order.sshKey))
        } catch let error as ProviderError where error.reason.code == ProviderError.invalidCode {
            // Accounts that do not take the field cannot be told from others beforehand. A refusal made nothing.
            request.destroyOnShutdown = nil
            return try await create(request, with: SSHKey.ID(order.sshKey))
        }
    }

    private func create(_ request: CreateInstanceRequest, with key: SSHKey.ID) async throws -> ObservedInstance {
        let date = AnswerDate()
        var made = try await call { client in
            do {
                return ObservedInstance(try await client.observed(by: date).createInstance(request))
            } catch let error as GenesisCloudError where ProviderError(error).kind == .refused {
                // A wiped cloud, or another account, refuses a key that was seen a moment ago: nothing was made, and the key
                // is looked for again.
                guard try await !client.sees(key) else { throw error }
                await anchor.wasNotSeen()
                var reason = ProviderError(error).reason
                reason.code = Reason.anchorRefusedCode
                throw ProviderError(kind: .unreachable, reason: reason)
            }
        }
        made.answeredAt = date.last
        return made
    }

    package func instance(_ id: InstanceID) async throws -> ObservedInstance? {
        try await call { try await $0.observe(Instance.ID(id.rawValue)) }.map(ObservedInstance.init)
    }

    package func instances(hostnamePrefix prefix: String) async throws -> [ObservedInstance] {
        try await call { try await $0.listInstances() }.filter { $0.hostname.hasPrefix(prefix) }.map(
            ObservedInstance.init)
    }

    package func destroy(_ id: InstanceID) async throws -> DestroyAnswer {
        let date = AnswerDate()
        let accepted: Void? = try await absentAsNil {
            try await call { try await $0.observed(by: date).destroyInstance(Instance.ID(id.rawValue)) }
        }
        return DestroyAnswer(existed: accepted != nil, answeredAt: date.last)
    }

    package func absence(of id: InstanceID, anchor key: String?) async throws -> Absence {
        let evidence = try await call { client in
            // Nobody who waits for an instance may delay the end of another.
            let client = client.with(priority: .destroy)
            return try await client.absence(of: Instance.ID(id.rawValue), anchor: try await anchor.key(key))
        }
        switch evidence {
        case .gone: return .gone
        case .present(let there): return .stillThere(status: ObservedInstance(there).status.word)
        case .listed(let listed): return .stillThere(status: "\(ObservedInstance(listed).status.word), in the list")
        case .anchorNotSeen:
            await anchor.wasNotSeen()
            return .cannotTell(.anchorMissing)
        }
    }

    package func sees(anchor key: String?) async throws -> Bool { try await call { try await anchor.isSeen(key, $0) } }

    package func witnessedInstances(hostname: String, anchor key: String?) async throws -> WitnessedListing {
        let date = AnswerDate()
        // One client is one token: what it does not list counts because it is the one that sees the key.
        return try await call { client in
            let found = try await client.observed(by: date).listInstances().filter { $0.hostname == hostname }
            let instances = found.map { listed in
                var instance = ObservedInstance(listed)
                instance.answeredAt = date.last
                return instance
            }
            return WitnessedListing(
                instances: instances, isWitnessed: found.isEmpty ? try await anchor.isSeen(key, client) : false)
        }
    }

    package func snapshots(of id: InstanceID) async throws -> [ObservedSnapshot] {
        try await call { try await $0.listSnapshots(instance: Instance.ID(id.rawValue)) }.map(ObservedSnapshot.init)
    }

    package func createSnapshot(of id: InstanceID, name: String) async throws -> ObservedSnapshot {
        ObservedSnapshot(try await call { try await $0.createSnapshot(instance: Instance.ID(id.rawValue), name: name) })
    }

    package func deleteSnapshot(_ id: SnapshotID) async throws {
        _ = try await absentAsNil { try await call { try await $0.deleteSnapshot(Snapshot.ID(id.rawValue)) } }
    }

    // MARK: Errors

    private func call<Result: Sendable>(
        _ body: (GenesisCloudClient) async throws -> Result
    ) async throws -> Result {
        let client = try await source.client()
        do {
            return try await body(client)
        } catch let error as GenesisCloudError {
            let mapped = ProviderError(error)
            switch mapped.kind {
            // Also where the request may have arrived: whoever is asked next must be the one that listens now.
            case .unreachable, .unauthorized, .outcomeUnknown: await source.connectionFailed()
            case .refused, .account, .capacity, .cloud: break
            }
            throw mapped
        } catch let error as JobStoreError {
            throw ProviderError(kind: .unreachable, reason: Reason(code: "store", message: error.message))
        }
    }

    private func absentAsNil<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result? {
        do {
            return try await body()
        } catch let error as ProviderError where error.reason.code == ProviderError.notFoundCode {
            return nil
        }
    }
}
