import GenesisCloud
import MayflyCore

extension ProviderError {
    static let notFoundCode = "not-found"

    /// The client's error in the terms decisions are made in. The one place where foreign codes are translated.
    init(_ error: GenesisCloudError) {
        let kind: Kind
        switch error.code {
        case .unauthorized, .forbidden: kind = .unauthorized
        case .quota: kind = .account
        case .capacity: kind = .capacity
        case .validation, .notFound, .conflict: kind = .refused
        default: kind = error.requestMayHaveTakenEffect ? .outcomeUnknown : .unreachable
        }
        self.init(
            kind: kind,
            reason: Reason(
                code: error.code == .notFound ? Self.notFoundCode : "cloud-\(error.code)", message: "\(error)",
                cloudCode: error.apiCode, cloudMessage: error.apiMessage))
    }
}

extension ObservedInstance {
    init(_ instance: Instance) {
        self.init(
            id: InstanceID(rawValue: instance.id), name: instance.name, hostname: instance.hostname,
            status: Status(instance.status), address: instance.publicIP, sshPort: instance.sshPort,
            type: instance.type, region: instance.region)
    }
}
