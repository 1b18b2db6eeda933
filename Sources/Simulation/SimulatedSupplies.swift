import MayflyCore

/// Token and secrets as a client brings them: after a keeper's start they may be missing for a while.
struct SimulatedSupplies: JobSupplies {
    private let keeper: KeeperProcess
    private let provider: SimulatedProvider

    init(keeper: KeeperProcess, store: any JobStore, installation: String) {
        self.keeper = keeper
        provider = SimulatedProvider(keeper: keeper, store: store, installation: installation)
    }

    func provider(for cloud: CloudReference) async -> Supply<any InstanceProvider> { .ready(provider) }

    func secrets(of job: JobRecord) async -> Supply<[EnvironmentVariable]> {
        guard !job.definition.secrets.isEmpty else { return .ready([]) }
        let due = keeper.startedAt + VirtualClock.microseconds(keeper.world.plan.secretsAfter)
        return keeper.world.clock.now >= due ? .ready([]) : .waiting("waiting for secrets")
    }
}
