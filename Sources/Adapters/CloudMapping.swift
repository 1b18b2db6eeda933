import GenesisCloud
import MayflyCore

extension ProviderError {
    static let notFoundCode = "not-found"
    static let invalidCode = "cloud-validation"

    /// The client's error in the terms decisions are made in. The one place where foreign codes are translated.
    init(_ error: GenesisCloudError) {
        let kind: Kind
        switch error.code {
        case .unauthorized, .forbidden: kind = .unauthorized
        case .account: kind = .account
        case .capacity: kind = .capacity
        case .validation, .notFound, .conflict: kind = .refused
        default: kind = error.requestMayHaveTakenEffect ? .outcomeUnknown : .unreachable
        }
        self.init(
            kind: kind,
            reason: Reason(
                code: error.code == .notFound ? Self.notFoundCode : "cloud-\(error.code.rawValue)",
                message: error.message, cloudCode: error.apiCode, cloudMessage: error.apiMessage))
    }
}

extension ObservedInstance {
    init(_ instance: Instance) {
        self.init(
            id: InstanceID(rawValue: instance.id.rawValue), name: instance.name, hostname: instance.hostname,
            status: Status(instance.status), address: instance.publicIP,
            privateAddress: instance.privateIP, sshPort: instance.sshPort, type: instance.type,
            region: instance.region)
    }
}

extension ObservedInstance.Status {
    init(_ status: Instance.Status) {
        switch status {
        case .creating, .starting, .resetting: self = .creating
        case .active: self = .active
        case .stopping: self = .stopping
        case .stopped: self = .stopped
        case .deleting: self = .deleting
        case .error: self = .error
        case .pendingPayment: self = .other(status.wire)
        case .unknown(let word): self = .other(word)
        }
    }
}

extension ObservedSnapshot {
    init(_ snapshot: Snapshot) {
        let status: Status =
            switch snapshot.status {
            case .creating: .creating
            case .created: .created
            case .error: .error
            // On its way out, neither usable nor failed: waited for until it is gone.
            case .pendingDelete, .deleting: .other(snapshot.status.wire)
            case .unknown(let word): .other(word)
            }
        self.init(id: SnapshotID(rawValue: snapshot.id.rawValue), name: snapshot.name, status: status)
    }
}

extension CreateInstanceRequest {
    init(_ order: InstanceOrder) {
        let machine = order.machine
        let metadata: Metadata =
            switch order.firstBoot {
            case .startupScript(let text): .startupScript(text)
            case .userData(let parts):
                .userData(parts.map { UserDataPart(type: $0.type, filename: $0.filename, content: $0.content) })
            }
        self.init(
            name: order.name, hostname: order.hostname, type: machine.type, region: machine.region,
            image: machine.image, sshKeys: [SSHKey.ID(order.sshKey)], placementOption: machine.placementOption,
            floatingIP: machine.floatingIP.map { FloatingIP.ID($0) },
            volumes: machine.volumes.isEmpty ? nil : machine.volumes.map { Volume.ID($0) },
            securityGroups: machine.securityGroups?.map { SecurityGroup.ID($0) }, diskSizeGiB: machine.diskSizeGiB,
            metadata: metadata)
    }
}
