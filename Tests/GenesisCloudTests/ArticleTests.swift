import Foundation
import GenesisCloud
import Testing

/// Every Swift block of the documentation is a snippet that compiles, and every snippet is in the documentation.
@Suite struct ArticleTests {
    private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static var catalogue: URL {
        here.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/GenesisCloud/GenesisCloud.docc")
    }

    private static func articles() throws -> [(name: String, text: String)] {
        try FileManager.default.contentsOfDirectory(atPath: catalogue.path).filter { $0.hasSuffix(".md") }.sorted().map
        {
            ($0, try String(contentsOf: catalogue.appending(path: $0), encoding: .utf8))
        }
    }

    private static func snippets() throws -> [String: String] {
        let lines = try String(contentsOf: here.appending(path: "Snippets.swift"), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var snippets: [String: String] = [:]
        var open: (name: String, lines: [String])?
        for line in lines {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            if trimmed == "// snippet end", let done = open {
                snippets[done.name] = flushLeft(done.lines)
                open = nil
            } else if trimmed.hasPrefix("// snippet: ") {
                open = (String(trimmed.dropFirst("// snippet: ".count)), [])
            } else {
                open?.lines.append(line)
            }
        }
        return snippets
    }

    private static func flushLeft(_ lines: [String]) -> String {
        let margin = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
        return lines.map { String($0.dropFirst(margin)) }.joined(separator: "\n")
    }

    @Test func everyBlockCompiles() throws {
        let snippets = try Self.snippets()
        var used: Set<String> = []
        for (name, text) in try Self.articles() {
            for block in text.components(separatedBy: "```swift\n").dropFirst() {
                let code = (block.components(separatedBy: "\n```").first ?? "")
                let match = snippets.first { $0.value == code }
                #expect(match != nil, "\(name) shows code that is not in Snippets.swift:\n\(code)")
                if let match { used.insert(match.key) }
            }
        }
        #expect(Set(snippets.keys) == used)
        #expect(!used.isEmpty)
    }

    @Test func theLandingPageNamesEveryArticle() throws {
        let articles = try Self.articles()
        let landing = try #require(articles.first { $0.name == "GenesisCloud.md" }).text
        for (name, _) in articles where name != "GenesisCloud.md" {
            #expect(landing.contains("<doc:\(name.dropLast(3))>"), "\(name) is not linked")
        }
    }
}
