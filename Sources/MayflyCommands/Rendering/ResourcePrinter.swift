import Foundation
import GenesisCloud

/// Puts resources on stdout in the form that was asked for.
struct ResourcePrinter {
    var context: CommandContext
    var options: OutputOptions

    init(_ context: CommandContext, _ options: OutputOptions) {
        self.context = context
        self.options = options
    }

    private var width: Int? { context.console.stdoutIsTerminal ? context.console.size.columns : nil }

    func list<Resource: ListedResource>(_ items: [Resource]) throws {
        if options.json { return try json(items) }
        if options.quiet { return try ids(items.map(\.id.rawValue)) }
        guard !items.isEmpty else {
            context.console.error(line: "no \(Resource.noun)s")
            return
        }
        try table(items, Resource.fields)
    }

    func table<Row>(_ rows: [Row], _ fields: [Field<Row>]) throws {
        for line in ResourceTable.lines(rows, fields, width: width, style: context.outputStyle) {
            try context.console.out(line: line)
        }
    }

    /// What was made or changed, as a table of one row.
    func changed<Resource: ListedResource>(_ item: Resource) throws {
        if options.json { return try json(item) }
        if options.quiet { return try ids([item.id.rawValue]) }
        try table([item], Resource.fields)
    }

    /// Everything there is to say of one thing.
    func show<Resource: ListedResource>(_ item: Resource) throws {
        if options.json { return try json(item) }
        if options.quiet { return try ids([item.id.rawValue]) }
        for line in ResourceTable.detail(item, Resource.fields, style: context.outputStyle) {
            try context.console.out(line: line)
        }
    }

    func ids(_ ids: [String]) throws {
        for id in ids { try context.console.out(line: ControlSequences.line(id)) }
    }

    func json(_ value: some Encodable) throws { try context.console.out(line: Self.document(value)) }

    /// With the API's own field names; what the cloud did not say is left out.
    static func document(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder.genesisCloud(prettyPrinted: true)
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(ResourceText.time(date).map(TimeText.iso8601))
        }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
