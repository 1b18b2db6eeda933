import Logging
import MayflyCore

/// Everything that an attempt's effects may touch. One for each attempt, however many effects hold on to it.
final class AttemptContext: Sendable {
    let job: JobRecord
    let identity: AttemptIdentity
    let expiry: WallTime
    let provider: any InstanceProvider
    let connector: any RemoteConnector
    let storage: any JobStorage
    let folder: any JobFolder
    let supplies: any JobSupplies
    let observer: any JobObserver
    let time: any Timekeeper
    let logger: Logger
    /// Lets this attempt log in.
    let gate: AttachGate
    /// Where its clocks wait.
    let timers: Timers
    /// When this keeper took the attempt up.
    let tookUpAt: BootInstant
    /// Reconnects on demand; one per attempt.
    let link: Link
    /// Whether the last thing tried with the results folder failed: the user's to mend, and no reason to lose a job.
    let folderTrouble = Mark()
    /// Whether the instance was asked what explains the failure: once.
    let hasBlackBox = Flag()

    /// How long the command may run by a person's wish that was granted since this keeper took the attempt up.
    let extendedRun = ExtendedRun()

    var definition: JobDefinition { job.definition }

    init(
        job: JobRecord, state: AttemptState, provider: any InstanceProvider, parts: ConductorParts, gate: AttachGate,
        timers: Timers
    ) {
        self.job = job
        identity = state.identity
        expiry = state.expiry
        self.provider = provider
        connector = parts.connector
        storage = parts.storage
        folder = AwaitedFolder(storage: parts.storage, store: parts.store, job: job)
        supplies = parts.supplies
        observer = parts.observer
        time = parts.time
        logger = parts.logger
        self.gate = gate
        self.timers = timers
        tookUpAt = parts.time.now().boot
        link = Link(connector: parts.connector, identity: state.identity, settings: job.definition.ssh)
    }
}
