import CloudModel
import Foundation

/// All that survives a restart: `state.json`.
struct CloudState: Codable, Sendable {
    var version = 1
    var model: CloudModel
    var machines: [String: Machine] = [:]

    /// Reads the state of an earlier run; a fresh one when there is none.
    /// - Throws: when there is one that cannot be understood: guessing would lose instances.
    static func load(_ path: String, delays: CloudModel.Delays) throws(LocalCloudError) -> CloudState {
        guard Files.exists(path) else { return CloudState(model: CloudModel(delays: delays)) }
        guard let bytes = Files.read(path) else { throw LocalCloudError(.storage, "cannot read \(path)") }
        do {
            var state = try JSONDecoder().decode(CloudState.self, from: Data(bytes))
            guard state.version == 1 else { throw LocalCloudError(.storage, "version \(state.version)") }
            state.model.delays = delays
            return state
        } catch {
            throw LocalCloudError(.storage, "\(path) is not the state of a local cloud this build knows: \(error)")
        }
    }

    func save(_ path: String) throws(LocalCloudError) {
        let data: Data
        do { data = try JSONEncoder().encode(self) } catch {
            throw LocalCloudError(.storage, "the state cannot be encoded: \(error)")
        }
        try Files.replace(path, with: data)
    }
}
