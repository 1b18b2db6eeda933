import Foundation
import GenesisCloud
import MayflyCore

/// A kind of thing that the API lists, as commands see it.
protocol ListedResource: Identifiable, Codable, Sendable where ID == ResourceID<Self> {
    /// As in "no snapshot is named …".
    static var noun: String { get }
    /// The command that lists and shows it, after `mayfly`.
    static var command: String { get }
    static var fields: [Field<Self>] { get }
    var name: String { get }

    static func listing(_ client: GenesisCloudClient) -> Listing<Self>
    /// `nil` where the API has no route for a single one, or when it answers 404.
    static func read(_ id: ID, _ client: GenesisCloudClient) async throws -> Self?
    /// Whether a name that is typed for a reference means this one, besides id and name.
    func isAlsoCalled(_ text: String) -> Bool
}

/// What can be deleted by its id.
protocol DeletableResource: ListedResource {
    /// What is lost with it, for the question before.
    static var loss: String { get }
    static func delete(_ id: ID, _ client: GenesisCloudClient) async throws
    /// Why deleting this very one deserves a second thought.
    var caution: String? { get }
    /// What to do when the API refuses.
    var wayOut: String? { get }
}

extension ListedResource {
    func isAlsoCalled(_ text: String) -> Bool { false }

    /// For messages: the name, and the id where it says more.
    var title: String { "\(Self.noun) \(name) (\(id))" }
}

extension DeletableResource {
    var caution: String? { nil }
    var wayOut: String? { nil }
}

/// One thing that is shown of a resource.
struct Field<Row: Sendable>: Sendable {
    /// When a table has no room for all columns.
    enum Rank: Int, Sendable, Comparable {
        /// Always a column.
        case always
        /// A column where there is room: the higher, the sooner it goes.
        case often, sometimes, seldom
        /// Only where one thing is shown.
        case detail

        static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    var title: String
    var rank: Rank
    /// Empty where there is nothing to say.
    var text: @Sendable (Row) -> String

    init(_ title: String, _ rank: Rank = .always, _ text: @escaping @Sendable (Row) -> String) {
        self.title = title
        self.rank = rank
        self.text = text
    }
}

/// How the API's values read for people.
enum ResourceText {
    static func date(_ date: Date?) -> String {
        guard let date else { return "" }
        return time(date).map(TimeText.minute) ?? "?"
    }

    /// `nil` for what is no time of these millennia: nothing from outside traps, nor is shown as a year of ten digits.
    static func time(_ date: Date) -> WallTime? {
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
        return milliseconds.magnitude < 2e14 ? WallTime(rawValue: Int64(milliseconds)) : nil
    }

    static func gib(_ size: Int?) -> String { size.map { "\($0) GiB" } ?? "" }

    static func names<Resource>(_ references: [Reference<Resource>]) -> String {
        references.map { $0.name ?? $0.id.rawValue }.joined(separator: ", ")
    }

    static func yes(_ flag: Bool?) -> String { flag.map { $0 ? "yes" : "no" } ?? "" }
}
