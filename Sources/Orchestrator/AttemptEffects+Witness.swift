import MayflyCore

/// What the cloud says of an instance, beside the connection's own word.
extension AttemptEffects {
    /// - Returns: why the cloud's word is worth nothing just now, or `nil`.
    /// - Throws: ``Ends`` when the cloud itself says that the instance is over.
    func askWitness(_ id: InstanceID) async throws -> String? {
        do {
            if let observed = try await provider.instance(id) {
                if let reason = Self.deadEnd(observed) { throw Ends(.instanceFailed(reason)) }
                return nil
            }
            // A 404 means something only if the same token sees the anchor: all of it is asked anew, together.
            switch try await provider.absence(of: id, anchor: witness) {
            case .gone: throw Ends(.instanceFailed(Self.vanished))
            case .stillThere: return nil
            case .cannotTell(let reason): return reason.message
            }
        } catch let error as ProviderError {
            return error.description
        }
    }

    static let vanished = Reason(
        code: "instance-vanished",
        message: "the cloud no longer knows the instance: somebody or something else destroyed it")

    /// Why an instance of this status will never do, or `nil`.
    static func deadEnd(_ observed: ObservedInstance) -> Reason? {
        switch observed.status {
        case .error:
            Reason(code: "instance-error", message: "the cloud reports status \"error\" for the instance")
        case .stopped, .stopping:
            Reason(
                code: "instance-stopped",
                message: "the instance was stopped from outside (or shut itself down) before the job's end")
        case .deleting:
            Reason(
                code: "instance-deleted",
                message: "the instance was deleted from outside before the job's end")
        case .creating, .active, .other:
            nil
        }
    }
}
