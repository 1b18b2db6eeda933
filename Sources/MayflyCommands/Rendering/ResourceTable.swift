/// Rows of resources as wide as the terminal: columns that matter least go first, then names are shortened. Ids never
/// are, so that one can be copied. Where nobody draws lines, everything is shown.
enum ResourceTable {
    static let shortestCell = 8

    /// - Parameter width: columns of the terminal; `nil` = as wide as it gets.
    static func lines<Row>(_ rows: [Row], _ fields: [Field<Row>], width: Int?, style: Style) -> [String] {
        var columns = fields.filter { $0.rank < .detail }
        // A column without a single value says nothing.
        if !rows.isEmpty {
            columns.removeAll { column in column.rank > .always && rows.allSatisfy { column.text($0).isEmpty } }
        }
        var cells = rows.map { row in columns.map { ControlSequences.line($0.text(row)) } }
        if let width { fit(&columns, &cells, width) }
        var table = Table(header: columns.map(\.title))
        for row in cells { table.add(row.map { $0.isEmpty ? "-" : $0 }) }
        var lines = table.lines()
        lines[0] = style.strong(lines[0])
        return lines
    }

    private static func fit<Row>(_ columns: inout [Field<Row>], _ cells: inout [[String]], _ width: Int) {
        func sizes() -> [Int] {
            columns.indices.map { index in cells.reduce(columns[index].title.count) { max($0, $1[index].count) } }
        }
        func total() -> Int { sizes().reduce(0, +) + 2 * max(0, columns.count - 1) }
        while total() > width {
            guard
                let last = columns.indices.filter({ columns[$0].rank > .always })
                    .max(by: { (columns[$0].rank, $0) < (columns[$1].rank, $1) })
            else { break }
            columns.remove(at: last)
            for row in cells.indices { cells[row].remove(at: last) }
        }
        // The last resort: the widest cell that is no id.
        while total() > width {
            let sizes = sizes()
            guard let widest = columns.indices.filter({ columns[$0].title != "ID" }).max(by: { sizes[$0] < sizes[$1] }),
                sizes[widest] > max(shortestCell, columns[widest].title.count)
            else { break }
            let room = max(shortestCell, columns[widest].title.count, sizes[widest] - (total() - width))
            for row in cells.indices where cells[row][widest].count > room {
                cells[row][widest] = cells[row][widest].prefix(room - 1) + "…"
            }
        }
    }

    /// One thing, a line per field that has a value.
    static func detail<Row>(_ row: Row, _ fields: [Field<Row>], style: Style) -> [String] {
        let shown = fields.map { (title: $0.title.lowercased(), text: ControlSequences.line($0.text(row))) }
            .filter { !$0.text.isEmpty }
        let width = shown.map(\.title.count).max() ?? 0
        return shown.map { field in
            style.faint(field.title) + String(repeating: " ", count: width - field.title.count + 2) + field.text
        }
    }
}
