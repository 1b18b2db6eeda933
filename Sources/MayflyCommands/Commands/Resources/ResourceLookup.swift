import GenesisCloud
import JobSpec
import MayflyCore

/// From what a person types to the one thing that is meant: its id, its name, or the beginning of its id.
enum ResourceLookup {
    /// As many characters of an id as are worth typing; fewer may hit a stranger.
    static let shortestPrefix = 8

    /// An id that needs no look at the list. Ids of this API are UUIDs.
    static func looksLikeID(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy(\.isHexDigit) }
    }

    /// An exact id goes before a name, and a name before the beginning of an id.
    /// - Throws: ``CommandError``: nothing of that name, or several, with their ids.
    static func pick<Resource: ListedResource>(_ text: String, among items: [Resource]) throws -> Resource {
        if let item = items.first(where: { $0.id.rawValue == text }) { return item }
        var found = items.filter { $0.name == text }
        if found.isEmpty { found = items.filter { $0.isAlsoCalled(text) } }
        if found.isEmpty, text.count >= shortestPrefix { found = items.filter { $0.id.rawValue.hasPrefix(text) } }
        guard let first = found.first else { throw nothing(text, among: items) }
        guard found.count == 1 else { throw ambiguous(text, found) }
        return first
    }

    /// Asks for one thing: by its id with one request, else by the complete list.
    /// - Throws: ``CommandError``, ``CloudFailure``.
    static func one<Resource: ListedResource>(
        _ text: String, in cloud: CloudConnection, as type: Resource.Type = Resource.self
    ) async throws -> Resource {
        try await cloud.attempt("look for \(Resource.noun) \(text)") {
            if looksLikeID(text), let item = try await Resource.read(Resource.ID(text), cloud.client) { return item }
            return try pick(text, among: try await Resource.listing(cloud.client).all())
        }
    }

    /// The ids that a request refers to. What looks like an id is passed on unasked: the API judges it.
    /// - Throws: ``CommandError``, ``CloudFailure``.
    static func ids<Resource: ListedResource>(
        _ texts: [String], in cloud: CloudConnection, as type: Resource.Type = Resource.self
    ) async throws -> [Resource.ID] {
        guard texts.contains(where: { !looksLikeID($0) }) else { return texts.map { Resource.ID($0) } }
        let items = try await cloud.attempt("look for \(Resource.noun)s by name") {
            try await Resource.listing(cloud.client).all()
        }
        return try texts.map { looksLikeID($0) ? Resource.ID($0) : try pick($0, among: items).id }
    }

    private static func nothing<Resource: ListedResource>(_ text: String, among items: [Resource]) -> CommandError {
        let near = Suggestion.nearest(to: text, among: items.map(\.name)).map {
            "; did you mean \"\(ControlSequences.line($0))\"?"
        }
        return CommandError(
            code: .usage,
            message: "no \(Resource.noun) has the name or id \"\(ControlSequences.line(text))\""
                + (near ?? "; `mayfly \(Resource.command) ls` lists them"))
    }

    private static func ambiguous<Resource: ListedResource>(_ text: String, _ found: [Resource]) -> CommandError {
        let columns = Resource.fields.filter { $0.rank <= .often }
        var table = Table(header: columns.map(\.title))
        for item in found.sorted(by: { $0.id < $1.id }) { table.add(columns.map { $0.text(item) }) }
        return CommandError(
            code: .usage,
            message: "\(found.count) \(Resource.noun)s are called \"\(ControlSequences.line(text))\": name one by its "
                + "id\n" + table.lines().map { "  \($0)" }.joined(separator: "\n"))
    }
}
