/// Which page to ask for next, and what to make of it: the decisions of a ``Listing``, without the requests.
///
/// The API pages by number, so a listing shifts under the reader: of three pages, an instance that vanishes from the
/// first one moves the third's first item to the second, which was read already. Where the total does not change, because
/// another was created meanwhile, nothing in the answers shows it. So every window asked for begins at or before the last
/// item of the one before (by choosing `per_page` from 100 downwards), and it counts only if it contains something that
/// was seen: then nothing between the two can have been missed, as long as the API keeps its items in one order. If it
/// does not, the walk goes back until one does. What is seen twice is given once.
struct PageWalk<ID: Hashable> {
    struct Ask: Equatable { var page: Int, size: Int }

    enum Step: Equatable {
        /// The places of the new items in the page.
        case items([Int])
        /// The same, and there are no more pages.
        case last([Int])
        /// The answers contradict each other again and again.
        case contradictory
    }

    private let pageSize: Int
    private var seen: Set<ID> = []
    /// Positions below it are read.
    private var covered = 0
    private var overlaps: Bool
    /// For walks without overlap: the size the server really uses, and what its pages said in this reading.
    private var serverSize: Int
    private var inThisReading: Set<ID> = []
    private var totalInThisReading: Int?
    private var isConsistent = true
    private var readings = 1
    private var barren = 0

    private static var mostReadings: Int { 5 }
    /// Below this a window that reaches back gains too little.
    private static var smallestOverlapping: Int { 10 }

    init(pageSize: Int) {
        self.pageSize = min(max(1, pageSize), 100)
        serverSize = self.pageSize
        overlaps = self.pageSize >= Self.smallestOverlapping
    }

    var ask: Ask {
        guard covered > 0 else { return Ask(page: 1, size: overlaps ? pageSize : serverSize) }
        guard overlaps else { return Ask(page: covered / serverSize + 1, size: serverSize) }
        // The window that reaches furthest among those that contain the last position read.
        let last = covered - 1
        var best = Ask(page: 1, size: pageSize)
        var reach = 0
        for size in stride(from: pageSize, through: max(1, pageSize / 2), by: -1) {
            let page = last / size + 1
            if page * size > reach {
                reach = page * size
                best = Ask(page: page, size: size)
            }
        }
        return best
    }

    /// - Parameters:
    ///   - ids: of the page that ``ask`` named.
    ///   - total: its `total_count`.
    ///   - size: its `per_page`.
    mutating func take(_ ids: [ID], total: Int?, size: Int?) -> Step {
        let asked = ask
        let fresh = ids.indices.filter { seen.insert(ids[$0]).inserted }
        if overlaps, ids.count > asked.size || (size.map { $0 != asked.size } ?? false) || Set(ids).count < ids.count {
            // The server has its own idea of sizes: windows cannot be chosen.
            overlaps = false
            serverSize = min(size ?? pageSize, pageSize)
            return again(fresh)
        }
        return overlaps ? takeOverlapping(ids, fresh, total, asked) : takeAdjacent(ids, fresh, total, size)
    }

    private mutating func takeOverlapping(_ ids: [ID], _ fresh: [Int], _ total: Int?, _ asked: Ask) -> Step {
        let start = (asked.page - 1) * asked.size
        guard start == 0 || fresh.count < ids.count else {
            // Nothing known in it: more vanished than a window reaches back. Go back by one.
            covered = max(0, start - asked.size + 1)
            barren += 1
            return barren > 100 ? .contradictory : .items(fresh)
        }
        covered = start + ids.count
        if ids.count < asked.size || covered >= total ?? .max {
            // Items that vanished meanwhile stay counted here, so this can only be too content, and only about items
            // that are new.
            return seen.count >= total ?? 0 ? .last(fresh) : again(fresh)
        }
        barren = fresh.isEmpty ? barren + 1 : 0
        return barren > 5 ? .contradictory : .items(fresh)
    }

    /// Without overlap a reading counts only if its pages agree about the total, and nothing was in two of them.
    private mutating func takeAdjacent(_ ids: [ID], _ fresh: [Int], _ total: Int?, _ size: Int?) -> Step {
        if inThisReading.isEmpty { totalInThisReading = total }
        let before = inThisReading.count
        inThisReading.formUnion(ids)
        isConsistent = isConsistent && total == totalInThisReading && inThisReading.count == before + ids.count
        guard isConsistent else { return again(fresh) }
        covered += serverSize
        if let total {
            if inThisReading.count == total { return .last(fresh) }
            if ids.isEmpty || inThisReading.count > total { return again(fresh) }
        } else if ids.count < min(serverSize, size ?? serverSize) || ids.isEmpty {
            return .last(fresh)
        }
        return .items(fresh)
    }

    /// Another reading from the first page on.
    private mutating func again(_ fresh: [Int]) -> Step {
        readings += 1
        guard readings <= Self.mostReadings else { return .contradictory }
        covered = 0
        barren = 0
        inThisReading = []
        totalInThisReading = nil
        isConsistent = true
        return .items(fresh)
    }
}
