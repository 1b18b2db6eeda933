public import ArgumentParser
public import MayflyCore

extension CloudReference.Kind: ExpressibleByArgument {}

/// On which cloud a job runs when the command line does not say. A missing token at 3 a.m. must not "succeed" on a
/// laptop, so the local cloud is only ever chosen where nobody can have meant the real one.
struct CloudChoice: Sendable, Hashable {
    var flag: CloudReference.Kind?
    /// `MAYFLY_CLOUD`.
    var variable: String?
    var hasToken: Bool
    var homeUsedGenesis: Bool
    var wantsGPU: Bool
    var hasTerminal: Bool

    struct Decision: Hashable {
        var kind: CloudReference.Kind
        /// Said first when nobody named the local cloud.
        var notice: String?
    }

    /// - Throws: ``CommandError`` that names the next step.
    func decide() throws -> Decision {
        if let kind = try flag ?? named() {
            guard kind == .local || hasToken else { throw missingToken("Genesis Cloud was asked for") }
            return Decision(kind: kind)
        }
        if hasToken { return Decision(kind: .genesis) }
        if homeUsedGenesis { throw missingToken("this home has used Genesis Cloud before") }
        if wantsGPU && !hasTerminal { throw missingToken("the job asks for a GPU type and nobody is at a terminal") }
        return Decision(
            kind: .local,
            notice: "no Genesis Cloud token: using the local cloud on this machine (say --cloud local to mean it, "
                + "or `mayfly login` for the real one)")
    }

    /// Whether a type carries an accelerator. Grammar of all known types:
    /// `vcpu-<n>_memory-<n>g[_disk-<n>g][_<accelerator>-<count>]`.
    static func isGPU(_ type: String) -> Bool {
        type.split(separator: "_").contains { part in
            !["vcpu-", "memory-", "disk-"].contains { part.hasPrefix($0) }
        }
    }

    private func named() throws -> CloudReference.Kind? {
        guard let variable, !variable.isEmpty else { return nil }
        guard let kind = CloudReference.Kind(rawValue: variable) else {
            throw CommandError(
                code: .usage,
                message: "MAYFLY_CLOUD: \"\(ControlSequences.line(variable))\" is no cloud; expected local or genesis")
        }
        return kind
    }

    private func missingToken(_ why: String) -> CommandError {
        CommandError(
            code: .usage,
            message: "no token: \(why), so nothing falls back to the local cloud; set GENESISCLOUD_TOKEN, run "
                + "`mayfly login`, or say --cloud local")
    }
}
