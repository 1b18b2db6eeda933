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
    private var firstInReading: ID?
    private var retreats = 0
    /// By how many positions windows overlap at least.
    private var reachBack = 1

    private static var mostReadings: Int { 5 }
    private static var mostRetreats: Int { 100 }
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
        // The largest overlap that was found necessary and still leaves something new to be read.
        for back in stride(from: min(reachBack, covered), to: 1, by: -1) {
            let window = window(containing: covered - back)
            if window.page * window.size >= covered + pageSize / 4 { return window }
        }
        return window(containing: covered - 1)
    }

    /// The window that reaches furthest among those that contain a position.
    private func window(containing position: Int) -> Ask {
        var best = Ask(page: 1, size: pageSize)
        var reach = 0
        for size in stride(from: pageSize, through: max(1, pageSize / 2), by: -1) {
            let page = position / size + 1
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
        if overlaps, ids.count > asked.size || (size.map { $0 != asked.size } ?? false) || Set(ids).count < ids.count {
            // The server has its own idea of sizes: windows cannot be chosen.
            overlaps = false
            serverSize = min(size ?? pageSize, pageSize)
            covered = 0
            return .items([])
        }
        return overlaps ? takeOverlapping(ids, total, asked) : takeAdjacent(ids, total, size)
    }

    private mutating func takeNew(_ ids: [ID]) -> [Int] { ids.indices.filter { seen.insert(ids[$0]).inserted } }

    private mutating func takeOverlapping(_ ids: [ID], _ total: Int?, _ asked: Ask) -> Step {
        let start = (asked.page - 1) * asked.size
        if start == 0 { firstInReading = ids.first }
        // No churn moves the first item by a whole window: the server ignores which page it is asked for.
        if start > 0, let first = ids.first, first == firstInReading { return again([]) }
        guard start == 0 || ids.contains(where: inThisReading.contains) else {
            // Nothing known in it: more vanished than the window reaches back. It does not count; reach back further.
            retreats += 1
            if reachBack < pageSize / 2 {
                reachBack = min(pageSize / 2, reachBack * 4)
            } else {
                covered = max(0, start - asked.size + 1)
            }
            return retreats > Self.mostRetreats ? .contradictory : .items([])
        }
        let fresh = takeNew(ids)
        inThisReading.formUnion(ids)
        covered = start + ids.count
        if total.map({ covered >= $0 }) ?? (ids.count < asked.size) { return .last(fresh) }
        // Shorter than asked for, and yet there should be more.
        return ids.count < asked.size ? again(fresh) : .items(fresh)
    }

    /// Without overlap a reading counts only if its pages agree about the total, and nothing was in two of them.
    private mutating func takeAdjacent(_ ids: [ID], _ total: Int?, _ size: Int?) -> Step {
        let fresh = takeNew(ids)
        if covered == 0 {
            // What an overlapping walk had taken before it had to give up its windows.
            inThisReading = []
            totalInThisReading = total
        }
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
        inThisReading = []
        totalInThisReading = nil
        isConsistent = true
        return .items(fresh)
    }
}
